"""Networks whose operations are not those of the usual ones: a score or a reason, never an exception."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from croze.proxies import PROXIES
from croze.scoring.score import score_all


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.head = nn.LSTM(96, 16, batch_first=True), nn.Linear(16, 10)

    def forward(self, x):
        return self.head(self.cell(x.permute(0, 2, 1, 3).flatten(2))[0][:, -1])


class ClassToken(nn.Module):
    """A token and positions that are looked up."""

    def __init__(self):
        super().__init__()
        self.patches, self.token = nn.Conv2d(3, 16, 8, 8), nn.Parameter(torch.zeros(1, 1, 16))
        self.positions = nn.Embedding(17, 16)
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.blocks = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        tokens = self.patches(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(len(x), -1, -1), tokens], dim=1)
        return self.head(self.blocks(tokens + self.positions(torch.arange(17)))[:, 0])


class ImageByImage(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 8, 3), nn.Linear(8, 10)

    def forward(self, x):
        return torch.stack([self.head(self.conv(i[None]).relu().mean((2, 3)))[0] for i in x])


class Dynamic(nn.Module):
    """Kernels that are made from the image."""

    def __init__(self):
        super().__init__()
        self.kernels = nn.Parameter(0.2 * torch.randn(4, 8, 3, 3, 3))
        self.gate, self.head = nn.Linear(3, 4), nn.Linear(8, 10)

    def forward(self, x):
        shares = self.gate(x.mean((2, 3))).softmax(1)
        kernels = torch.einsum("nk,koihw->noihw", shares, self.kernels).flatten(0, 1)
        y = functional.conv2d(x.reshape(1, -1, *x.shape[2:]), kernels, groups=len(x))
        return self.head(y.view(len(x), 8, *y.shape[2:]).relu().mean((2, 3)))


class Written(nn.Module):
    """Parts of a map that are written over."""

    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 8, 3), nn.Linear(8, 10)

    def forward(self, x):
        y = self.conv(x).clone()
        y[:, :4] = y[:, :4].relu()
        return self.head(y.mean((2, 3)))


class Spectral(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight, self.head = nn.Parameter(torch.randn(3, 32, 17, 2)), nn.Linear(3, 10)

    def forward(self, x):
        y = torch.fft.irfft2(torch.fft.rfft2(x) * torch.view_as_complex(self.weight))
        return self.head(y.relu().mean((2, 3)))


@pytest.mark.parametrize(
    ("kind", "scored"),
    [(Recurrent, 20), (ClassToken, 28), (ImageByImage, 10), (Dynamic, 10), (Written, 26), (Spectral, 24)],
)
def test_a_score_or_a_reason(kind, scored, digits8):
    torch.manual_seed(0)
    names = [name for name in PROXIES if name != "linear-regions"]
    found = score_all(kind(), digits8, ",".join(names))
    assert not [one.reason for one in found if "Error" in one.reason]
    assert sum(one.ok for one in found) >= scored


@pytest.mark.parametrize(
    ("kind", "left_out"), [(Recurrent, "cell.weight_ih_l0"), (Spectral, "weight (98.8%")]
)
def test_what_is_left_out_is_said(kind, left_out, digits8):
    (found,) = score_all(kind(), digits8, "snip")
    assert left_out in found.notes[0]
