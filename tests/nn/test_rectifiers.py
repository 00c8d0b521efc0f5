import pytest
import torch
from torch import nn
from torch.nn import functional

from croze.nn.rectifiers import ActivationCodes

SLOPE = torch.tensor(0.25)
CALLS = {
    "nn.ReLU": nn.ReLU(),
    "nn.ReLU in place": nn.ReLU(inplace=True),
    "nn.ReLU6": nn.ReLU6(),
    "nn.LeakyReLU": nn.LeakyReLU(),
    "nn.RReLU": nn.RReLU(),
    "nn.ELU": nn.ELU(),
    "nn.CELU": nn.CELU(),
    "nn.SELU": nn.SELU(),
    "nn.PReLU": nn.PReLU(),
    "nn.GELU": nn.GELU(),
    "nn.SiLU": nn.SiLU(),
    "nn.Mish": nn.Mish(),
    "nn.Hardswish": nn.Hardswish(),
    "functional.relu": functional.relu,
    "functional.relu by keyword": lambda x: functional.relu(input=x, inplace=True),
    "functional.relu_": functional.relu_,
    "functional.leaky_relu_": functional.leaky_relu_,
    "functional.elu_": functional.elu_,
    "torch.relu": torch.relu,
    "torch.relu_": torch.relu_,
    "torch.selu": torch.selu,
    "torch.selu_": torch.selu_,
    "torch.celu": torch.celu,
    "torch.celu_": torch.celu_,
    "torch.rrelu": torch.rrelu,
    "torch.rrelu_": torch.rrelu_,
    "torch.prelu": lambda x: torch.prelu(x, SLOPE),
    "Tensor.relu": lambda x: x.relu(),
    "Tensor.relu_": lambda x: x.relu_(),
    "Tensor.prelu": lambda x: x.prelu(SLOPE),
}


@pytest.mark.parametrize("how", CALLS)
def test_signs_are_seen_once_however_the_rectifier_is_called(how):
    x = torch.tensor([[[1.0, -1.0], [0.0, 2.0]], [[-3.0, 0.5], [1e-9, -1e-9]]])
    with torch.no_grad(), ActivationCodes(len(x)) as signs:
        CALLS[how](x.clone())
    assert len(signs.codes) == 1
    assert signs.codes[0].tolist() == [[True, False, False, True], [False, True, True, False]]


@pytest.mark.parametrize("other", [torch.sigmoid, torch.tanh, nn.Softmax(dim=1), nn.Sigmoid(), nn.Dropout()])
def test_gates_are_no_rectifiers(other):
    with ActivationCodes(2) as signs:
        other(torch.randn(2, 3))
    assert signs.codes == []


def test_nothing_is_seen_afterwards():
    with ActivationCodes(2) as signs:
        pass
    functional.relu(torch.ones(2, 3))
    assert signs.codes == []


def test_a_clip_that_lets_negatives_pass_is_none():
    x = torch.randn(2, 3)
    with ActivationCodes(2) as signs:
        functional.hardtanh(x)
        nn.Hardtanh(-2, 2)(x)
        nn.ReLU6()(x)
        functional.hardtanh(x, 0.0, 3.0)
    assert len(signs.codes) == 2


def test_what_sees_no_images_is_none():
    with ActivationCodes(4) as signs:
        functional.relu(torch.ones(4))
        functional.relu(torch.ones(2, 3))
        functional.relu(torch.ones(4, 3))
    assert [code.shape for code in signs.codes] == [(4, 3)]
