"""The block proxies of AZ-NAS by NumPy on explicit chains."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from croze.scoring.score import score


def noise(images=16, seed=0):
    return torch.randn(images, 3, 32, 32, generator=torch.Generator().manual_seed(seed)).double()


def chain():
    """Four blocks: same size, stride 2, tokens by stride 4, one on tokens; a head."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace=True),
        nn.Conv2d(6, 10, 3, stride=2, padding=1, bias=False),
        nn.ReLU(inplace=True),
        nn.Conv2d(10, 12, 4, stride=4),
        Tokens(),
        nn.Linear(12, 8),
        Pool(),
        nn.Linear(8, 10),
    ).double()


class Tokens(nn.Module):
    def forward(self, x):
        return x.flatten(2).transpose(1, 2)


class Pool(nn.Module):
    def forward(self, x):
        return x.mean(dim=1)


BLOCKS = (0, 3, 5, 7)


def run_chain(initialised):
    """Kaiming-initialised chain, and the output of each of its modules."""
    model = chain().train()
    initialised(model, "kaiming", 0)
    x, outputs = noise(), []
    for module in model:
        x = module(x.clone())
        outputs.append(x)
    return model, outputs


def entropy(features):
    rows = features.detach().numpy()
    rows = np.moveaxis(rows, 1, -1) if rows.ndim == 4 else rows
    values = np.linalg.eigvalsh(np.cov(rows.reshape(-1, rows.shape[-1]).T, bias=True))
    shares = values / values.sum()
    return -sum(s * math.log(s + 1e-8) for s in shares)


def test_entropies_and_their_growth(double16, initialised):
    _, outputs = run_chain(initialised)
    entropies = [entropy(outputs[block]) for block in BLOCKS]
    found = score(chain(), double16, "az-expressivity")
    assert [layer.layer for layer in found.layers] == [str(block) for block in BLOCKS]
    assert [layer.terms["entropy"] for layer in found.layers] == pytest.approx(entropies, rel=1e-7)
    assert found.value == pytest.approx(sum(entropies), rel=1e-7)
    growth = score(chain(), double16, "az-progressivity")
    assert growth.value == pytest.approx(min(np.diff(entropies)), rel=1e-6)


def unshuffled(gradient, factor):
    """Channels in the order of channel, row, column of the positions that become one."""
    n, c, h, w = gradient.shape
    parts = gradient.reshape(n, c, h // factor, factor, w // factor, factor)
    return parts.transpose(0, 1, 3, 5, 2, 4).reshape(n, -1, h // factor, w // factor)


def rows_of(features):
    features = np.moveaxis(features, 1, -1) if features.ndim == 4 else features
    return features.reshape(-1, features.shape[-1])


def test_gradient_flow_of_each_block(double16, initialised):
    _, outputs = run_chain(initialised)
    generator = torch.Generator().manual_seed(0)
    terms = []
    for before, block, factor in ((0, 3, 2), (3, 5, 4), (5, 7, 1)):
        maps = outputs[block].transpose(1, 2) if outputs[block].ndim == 3 else outputs[block]
        coin = torch.randint(0, 2, maps.shape, generator=generator, dtype=torch.float32)
        coin = coin.transpose(1, 2) if coin.ndim == 3 else coin
        out = (2 * coin - 1).double()
        (back,) = torch.autograd.grad(outputs[block], outputs[before], out, retain_graph=True)
        back = unshuffled(back.numpy(), factor) if factor > 1 else back.numpy()
        a, b = rows_of(back), rows_of(out.numpy())
        s = np.linalg.svd(a.T @ b / len(b), compute_uv=False).max()
        terms.append(-s - 1 / (s + 1e-6) + 2)
    found = score(chain(), double16, "az-trainability")
    assert [layer.terms["isometry"] for layer in found.layers] == pytest.approx(terms, rel=1e-9)
    assert found.value == pytest.approx(np.mean(terms), rel=1e-9)
    assert found.value <= 0


def test_a_block_that_shrinks_by_no_whole_factor(digits16):
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 8), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10)
    )
    assert "not smaller by a whole factor" in score(model, digits16, "az-trainability").reason


def test_a_block_that_passes_nothing_back(digits16):
    class Stop(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(4, 4, 1)

        def forward(self, x):
            return self.conv(x.detach())

    model = nn.Sequential(nn.Conv2d(3, 4, 3), Stop(), nn.Flatten(), nn.Linear(3600, 10))
    assert "no gradient passes block 1" in score(model, digits16, "az-trainability").reason


@pytest.mark.parametrize("value", [0.0, 0.1, 12345.678])
def test_constant_features_have_no_entropy(value, digits16):
    class Dead(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 1)

        def forward(self, x):
            return self.conv(0 * x + value)

    model = nn.Sequential(Dead(), nn.Flatten(), nn.Linear(4096, 10))
    assert "constant or not finite" in score(model, digits16, "az-expressivity").reason
