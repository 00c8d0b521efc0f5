"""Networks for other tasks: what is defined without class logits is scored, the rest says what is missing."""

import pytest
import torch
from torch import nn

from croze.proxies import PROXIES
from croze.scoring.score import score_all


class Segmentation(nn.Module):
    """A mask and an auxiliary one, as torchvision's segmentation networks give them."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.ReLU(),
        )
        self.head, self.auxiliary = nn.Conv2d(8, 4, 1), nn.Conv2d(8, 4, 1)

    def forward(self, x):
        x = self.body(x)
        return {"out": self.head(x), "aux": self.auxiliary(x)}


class AsClassifier(Segmentation):
    """The same, with every pixel and mask a logit."""

    def forward(self, x):
        return torch.cat([mask.flatten(1) for mask in super().forward(x).values()], 1)


class MultiLabel(nn.Module):
    """A pair of heads: regression `(N,)` values and tags `(N, 3)`."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())
        self.boxes, self.tags = nn.Linear(32, 8), nn.Linear(32, 3)

    def forward(self, x):
        x = self.body(x)
        return {"boxes": self.boxes(x).view(-1, 2, 4), "tags": self.tags(x)}


LABEL_FREE = [
    name for name, kind in PROXIES.items() if not kind.needs_labels and not name.startswith("vkdnw")
]


def build(kind):
    torch.manual_seed(0)
    return kind()


@pytest.mark.parametrize("kind", [Segmentation, MultiLabel])
def test_what_needs_no_labels_is_scored_and_the_rest_says_why(kind, digits8):
    found = dict(zip(PROXIES, score_all(build(kind), digits8, list(PROXIES)), strict=True))
    for name in ("naswot", "zen", "meco", "swap", "synflow", "params", "live-params", "flops", "l2-norm"):
        assert found[name].ok, (name, found[name].reason)
    for name, kind_of_proxy in PROXIES.items():
        if kind_of_proxy.needs_labels and name != "epe-nas":
            assert not found[name].ok
    assert "must return logits of shape (N, classes)" in found["snip"].reason
    assert "must return logits of shape (N, classes)" in found["vkdnw"].reason


def test_a_mask_is_as_many_values_as_it_has(digits8):
    masks = score_all(build(Segmentation), digits8, LABEL_FREE)
    logits = score_all(build(AsClassifier), digits8, LABEL_FREE)
    for name, a, b in zip(LABEL_FREE, masks, logits, strict=True):
        assert a.ok == b.ok, (name, a.reason, b.reason)
        assert not a.ok or a.value == pytest.approx(b.value, rel=1e-5), name
