"""Equal functions score equally: every rewrite of every family, with every proxy."""

from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import nn
from torch.nn import functional

from croze.data import load_batch
from croze.proxies import PROXIES, parse_proxies
from croze.scoring.score import score, score_all
from croze.testing.equality import check_equal_functions, check_equal_scores
from croze.testing.families import FAMILIES
from croze.testing.rewrites import RESIZING, REWRITES

COUNT_PARAMETERS = ("params", "live-params", "swap-reg")
SPECS = [name for name in PROXIES if name != "linear-regions"] + ["linear-regions(samples=20,resolution=16)"]

IN_TURN = ["swin", "mobilenet", "vit", "resnet", "convnext", "mixer", "cnn"]
"""Where to look for something to rewrite, each time from another family on."""


@cache
def batch():
    found = load_batch("digits", size=6, seed=0)
    images = functional.interpolate(found.images, size=16, mode="area")
    return replace(found, images=images, labels=torch.tensor([0, 0, 1, 1, 2, 3])).to(torch.float64)


@cache
def network(family):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return FAMILIES[family]().double()


@cache
def proxies(resizing):
    return parse_proxies(",".join(s for s in SPECS if not (resizing and s in COUNT_PARAMETERS)))


@cache
def expected(family, resizing):
    return score_all(network(family), batch(), proxies(resizing))


def check(rewrite, families):
    """How many of the families have something to rewrite."""
    resizing, applies = rewrite in RESIZING, 0
    for family in families:
        rewritten = REWRITES[rewrite](network(family))
        if rewritten is not None:
            known = expected(family, resizing)
            assert not check_equal_scores(proxies(resizing), network(family), rewritten, batch(), known)
            applies += 1
    return applies


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("rewrite", REWRITES)
def test_equal_functions_score_equally(rewrite):
    start = [*REWRITES].index(rewrite)
    in_turn = (IN_TURN[(start + k) % len(IN_TURN)] for k in range(len(IN_TURN)))
    assert any(check(rewrite, [family]) for family in in_turn)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("rewrite", REWRITES)
def test_equal_functions_score_equally_in_every_family(rewrite):
    assert check(rewrite, FAMILIES) >= 1


@pytest.mark.parametrize("family", FAMILIES)
def test_every_proxy_scores_every_family(family):
    failed = {found.proxy for found in expected(family, False) if not found.ok}
    assert not failed


def test_other_functions_are_found():
    other = nn.Sequential(nn.Flatten(), nn.Linear(768, 10)).double()
    with pytest.raises(AssertionError, match="not the same function"):
        check_equal_functions(network("cnn"), other, batch())


def test_other_scores_are_found():
    chosen = parse_proxies("l2-norm,snip")
    wrong = [
        replace(found, value=1.0001 * found.value) for found in score_all(network("cnn"), batch(), chosen)
    ]
    with pytest.raises(AssertionError, match="l2-norm"):
        check_equal_scores(chosen, network("cnn"), REWRITES["wrapped"](network("cnn")), batch(), wrong)


class Kan(nn.Module):
    """A learned function of each input, as KAN layers have: no product of a weight with what is given."""

    def __init__(self):
        super().__init__()
        self.knots = nn.Parameter(torch.randn(8, 5))
        self.first, self.last = nn.Conv2d(3, 8, 4, 4), nn.Linear(8, 10)

    def forward(self, x):
        y = self.first(x).mean((2, 3))
        basis = torch.exp(-((y[..., None] - self.knots) ** 2))
        return self.last(basis.sum(-1))


def test_weights_that_were_not_seen_are_named_with_their_share():
    torch.manual_seed(0)
    (note,) = score(Kan().double(), batch(), "snip").notes
    assert "knots" in note
    assert "% of the weights" in note
