"""naswot and swap against explicit Hamming distances and Python sets."""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from croze.errors import CrozeError
from croze.proxies import parse_proxy
from croze.proxies.activation_kernel import agreement_of, is_singular
from croze.scoring.score import score
from croze.types import Batch


def codes(model, batch):
    """For each image the signs of everything that enters a rectifier module."""
    seen = []
    rectifiers = [m for m in model.modules() if isinstance(m, nn.ReLU | nn.PReLU | nn.LeakyReLU | nn.ELU)]
    handles = [m.register_forward_pre_hook(lambda m, x: seen.append(x[0].clone())) for m in rectifiers]
    with torch.no_grad():
        model(batch.normalised())
    for handle in handles:
        handle.remove()
    return [[v > 0 for layer in seen for v in layer[n].flatten().tolist()] for n in range(len(batch))]


@pytest.mark.parametrize("network", ["plain_cnn", "group_norm", "mlp"])
def test_hamming_distances(network, double16, build):
    model = build(network)
    bits = codes(model, double16)
    kernel = [[len(a) - sum(i != j for i, j in zip(a, b, strict=True)) for b in bits] for a in bits]
    expected = np.log(np.abs(np.linalg.det(np.array(kernel) / len(bits[0])))) + 16 * np.log(len(bits[0]))
    assert score(model, double16, "naswot").value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("network", ["plain_cnn", "group_norm", "mlp"])
def test_distinct_patterns(network, double16, build):
    model = build(network)
    patterns = set(zip(*codes(model, double16), strict=True))
    found = score(model, double16, "swap").value
    assert found == len(patterns)
    size = sum(p.numel() for p in model.parameters()) / 1000
    regularised = math.log(found) - (size - 40) ** 2 / 20
    assert score(model, double16, "swap-reg(mu=40,sigma=20)").value == pytest.approx(regularised, rel=1e-12)


@pytest.mark.parametrize("images", [2, 61, 62, 63, 64, 65, 130])
def test_patterns_over_any_number_of_images(images):
    torch.manual_seed(images)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 40), nn.ReLU(), nn.Linear(40, 2))
    batch = Batch(
        torch.rand(images, 3, 2, 2), torch.zeros(images, dtype=torch.int64), 2, (0.5,) * 3, (0.3,) * 3
    )
    assert score(model, batch, "swap").value == len(set(zip(*codes(model, batch), strict=True)))


@settings(max_examples=15)
@given(st.permutations(range(16)))
@pytest.mark.parametrize(("proxy", "exact"), [("naswot", False), ("swap", True), ("jacob-cov", False)])
def test_the_order_of_the_images_means_nothing(proxy, exact, double16, build, order):
    permuted = replace(double16, images=double16.images[list(order)], labels=double16.labels[list(order)])
    model = build("plain_cnn")
    expected, found = (score(model, batch, proxy).value for batch in (double16, permuted))
    assert found == expected if exact else found == pytest.approx(expected, rel=1e-7)


def test_equal_images_have_one_code(double16, build):
    twice = replace(double16, images=double16.images[[0, 0, *range(2, 16)]])
    assert "the same activation code" in score(build("plain_cnn"), twice, "naswot").reason
    assert score(build("plain_cnn"), twice, "swap").ok


def rank(rows):
    """Of whole numbers, by elimination in fractions."""
    rows, found = [[Fraction(v) for v in row] for row in rows], 0
    for column in range(len(rows[0])):
        pivot = next((n for n in range(found, len(rows)) if rows[n][column]), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        for n in range(found + 1, len(rows)):
            factor = rows[n][column] / rows[found][column]
            rows[n] = [a - factor * b for a, b in zip(rows[n], rows[found], strict=True)]
        found += 1
    return found


@settings(max_examples=60)
@given(
    st.integers(2, 7).flatmap(lambda n: st.lists(st.lists(st.booleans(), min_size=n, max_size=n), min_size=2))
)
def test_singular_is_what_fractions_find(code):
    kernel = agreement_of((torch.tensor(code),))
    assert is_singular(kernel) == (rank([[*row, *(not v for v in row)] for row in code]) < len(code))


@settings(max_examples=30)
@given(st.lists(st.lists(st.integers(-2, 2), min_size=4, max_size=4), min_size=4, max_size=4))
def test_singular_where_the_first_pivots_are_zero(rows):
    assert is_singular(torch.tensor(rows, dtype=torch.float64)) == (rank(rows) < 4)


def test_codes_that_differ_and_still_depend_on_each_other(double16):
    """Codes a, b and their complements: a + not a = b + not b, although no two are the same."""
    code = torch.tensor([[1, 0, 0], [0, 1, 1], [0, 1, 0], [1, 0, 1]], dtype=torch.bool)
    assert is_singular(agreement_of((code,)))
    assert is_singular(agreement_of((code.repeat(1, 1000),)))
    assert not is_singular(agreement_of((code[:3],)))


def test_large_kernels_are_decided_too():
    code = torch.rand(128, 5000, generator=torch.Generator().manual_seed(0)) < 0.5
    assert not is_singular(agreement_of((code,) * 40))
    code[100] = code[7]
    assert is_singular(agreement_of((code,) * 40))


@pytest.mark.parametrize("arguments", ["mu=inf", "sigma=0", "sigma=-1"])
def test_arguments_that_make_no_sense(arguments):
    with pytest.raises(CrozeError):
        parse_proxy(f"swap-reg({arguments})")
