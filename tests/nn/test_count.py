import pytest
import torch
from torch import nn
from torch.nn import functional

from croze.errors import CrozeError
from croze.nn.count import flop_count, live_parameter_count, parameter_count
from croze.nn.forward import logits_of
from croze.testing.networks import NETWORKS, SharedWeights, convnext


@pytest.mark.parametrize("name", NETWORKS)
def test_everything_is_live_in_an_ordinary_network(name):
    torch.manual_seed(0)
    model = NETWORKS[name]()
    images = torch.rand(4, 3, 32, 32)
    assert live_parameter_count(model, images) == parameter_count(model)
    assert flop_count(model, (3, 32, 32)) > 1000
    assert model.training


def test_shared_and_frozen_parameters():
    model = SharedWeights()
    assert parameter_count(model) == 8 * 8 * 9 + 8 + 8 + 90


def test_a_branch_behind_a_zero_scale_is_live_and_one_that_leads_nowhere_is_not():
    class Branches(nn.Module):
        def __init__(self):
            super().__init__()
            self.used = nn.Linear(3, 10)
            self.unused = nn.Linear(3, 5)
            self.dead = nn.Linear(3, 10)

        def forward(self, x):
            pooled = x.mean(dim=(2, 3))
            self.unused(pooled)
            return self.used(pooled) + 0.0 * self.dead(pooled)

    images = torch.rand(4, 3, 8, 8)
    assert live_parameter_count(Branches(), images) == 40
    torch.manual_seed(0)
    assert live_parameter_count(convnext(), torch.rand(2, 3, 32, 32)) == parameter_count(convnext())


def test_multiply_adds_by_hand():
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, groups=1), nn.Conv2d(8, 8, 3, groups=8), nn.Flatten(), nn.Linear(288, 5)
    )
    assert flop_count(model, (3, 8, 8)) == 8 * 27 * 64 + 8 * 9 * 36 + 288 * 5


@pytest.mark.parametrize(
    "output", [torch.rand(2, 3, 4), "text", None, (), {}, torch.ones(2, 3, dtype=torch.int64)]
)
def test_outputs_without_logits(output):
    with pytest.raises(CrozeError, match=r"logits of shape \(N, classes\)"):
        logits_of(output)


def test_counting_leaves_buffers_and_modes_alone():
    model = NETWORKS["counting"]()
    flop_count(model, (3, 32, 32))
    assert model.calls == 0
    assert model.training


def test_multiply_adds_of_functional_layers_over_windows():
    """As torchvision's Swin: `linear` on the weights of a layer that is never called, windows as rows."""

    class Windows(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Conv2d(3, 8, 4, stride=4)
            self.qkv, self.out = nn.Linear(8, 24), nn.Linear(8, 8)
            self.head = nn.Linear(8, 5)

        def forward(self, x):
            x = self.embed(x).permute(0, 2, 3, 1)
            n, h, w, c = x.shape
            x = x.view(n, h // 4, 4, w // 4, 4, c).transpose(2, 3).reshape(-1, 16, c)
            q, k, v = functional.linear(x, self.qkv.weight, self.qkv.bias).chunk(3, -1)
            x = functional.linear((q @ k.mT).softmax(-1) @ v, self.out.weight, self.out.bias)
            return self.head(x.reshape(n, -1, c).mean(1))

    tokens = 8 * 8
    by_hand = tokens * 48 * 8 + tokens * 8 * 24 + 2 * tokens * 16 * 8 + tokens * 8 * 8 + 8 * 5
    assert flop_count(Windows(), (3, 32, 32)) == by_hand
