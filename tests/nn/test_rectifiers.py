import pytest
import torch
from torch import nn
from torch.nn import functional

from croze.nn.watch import Watch

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
    "clamp": lambda x: x.clamp(min=0),
    "clamp_min": lambda x: torch.clamp_min(x, 0.0),
    "maximum": lambda x: torch.maximum(x, torch.zeros_like(x)),
    "where": lambda x: torch.where(x > 0, x, torch.zeros_like(x)),
    "product with a comparison": lambda x: x * (x > 0),
    "x sigmoid(x)": lambda x: x * torch.sigmoid(x),
    "x tanh(softplus(x))": lambda x: x * torch.tanh(functional.softplus(x)),
    "x relu6(x + 3) / 6": lambda x: x * functional.relu6(x + 3) / 6,
    "GELU by erf": lambda x: 0.5 * x * (1 + torch.erf(x / 2**0.5)),
    "masked_fill": lambda x: x.masked_fill(x < 0, 0.0),
    "threshold": lambda x: functional.threshold(x, 0.0, 0.0),
    "(x + |x|) / 2": lambda x: (x + x.abs()) / 2,
}


class Calling(nn.Module):
    """Gives what a function makes of the images, and logits."""

    def __init__(self, *functions):
        super().__init__()
        self.functions = functions

    def forward(self, x):
        return torch.stack([f(x.clone()).flatten(1).sum(dim=1) for f in self.functions], dim=1)


@pytest.fixture
def codes_of(planned):
    def run(*functions, x):
        model = Calling(*functions)
        watch = Watch(planned(model, x)[0], len(x))
        codes = watch.codes()
        watch.begin(x)
        with torch.no_grad(), watch:
            model(x)
        return codes

    return run


@pytest.mark.parametrize("how", CALLS)
def test_signs_are_seen_once_however_the_rectifier_is_called(how, codes_of):
    x = torch.tensor([[[1.0, -1.0], [0.0, 2.0]], [[-3.0, 0.5], [1e-9, -1e-9]]])
    (code,) = codes_of(CALLS[how], x=x)
    assert code.tolist() == [[True, False, False, True], [False, True, True, False]]


@pytest.mark.parametrize("other", [torch.sigmoid, torch.tanh, nn.Softmax(dim=1), nn.Sigmoid(), nn.Dropout()])
def test_gates_are_no_rectifiers(other, codes_of):
    assert codes_of(other, x=torch.randn(2, 3)) == []


def test_a_clip_that_lets_negatives_pass_is_none(codes_of):
    clips = (
        functional.hardtanh,
        nn.Hardtanh(-2, 2),
        nn.ReLU6(),
        lambda x: functional.hardtanh(x, 0.0, 3.0),
    )
    assert len(codes_of(*clips, x=torch.randn(2, 3))) == 2


def test_what_sees_no_images_is_none(codes_of):
    others = (
        lambda x: x + functional.relu(torch.ones(3)),
        lambda x: x + functional.relu(torch.ones(1, 3)),
        lambda x: x * functional.relu(x),
    )
    assert [code.shape for code in codes_of(*others, x=torch.randn(4, 3))] == [(4, 3)]
