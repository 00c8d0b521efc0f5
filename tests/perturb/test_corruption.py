import pytest
import torch

from croze.corruptions import corrupt
from croze.data import load_batch
from croze.errors import CrozeError
from croze.perturb import find_perturbation
from croze.perturb.base import Ball
from croze.scoring.score import score
from croze.spaces import open_space


def unused(x):
    raise AssertionError("a corruption asks for no gradient")


def test_normalised_inputs_are_corrupted_as_pixels(digits):
    perturb = find_perturbation("corruption:fog@3", digits.mean, digits.std)
    x = perturb(digits.normalised(), unused, Ball(0.01), torch.Generator().manual_seed(5))
    seed = int(torch.randint(2**31, (), generator=torch.Generator().manual_seed(5)))
    expected = corrupt(digits.images, "fog", 3, seed=seed)
    assert torch.allclose(digits.pixels(x), expected, atol=1e-5)
    assert x.dtype == digits.images.dtype


def test_pixels_without_a_normalisation_and_bounds_hold(digits):
    perturb = find_perturbation("corruption:gaussian@5")
    x = perturb(digits.images, unused, Ball(0.01, 0.2, 0.7), torch.Generator().manual_seed(5))
    assert x.min() >= 0.2
    assert x.max() <= 0.7


@pytest.mark.parametrize("name", ["corruption:fogg@3", "corruption:fog", "corruption:fog@9"])
def test_unknown_corruptions(name):
    with pytest.raises(CrozeError):
        find_perturbation(name)


@pytest.mark.parametrize("form", ["croze-paper", "croze-official", "croze-positional"])
def test_a_form_takes_one(form):
    batch = load_batch("digits", size=4)
    space = open_space("nasbench201", channels=4, cells=1)
    cell = space.parse("|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|nor_conv_1x1~1|nor_conv_3x3~2|")
    model = space.build(cell, classes=10, seed=0)
    spec = f"{form}(perturbation=corruption:fog@5)"
    found = score(model, batch, spec)
    assert found.ok, found.reason
    assert found.proxy == spec
    assert found.value == score(model, batch, spec).value
    assert found.value != score(model, batch, f"{form}(perturbation=none)").value
    assert found.value != score(model, batch, f"{form}(perturbation=corruption:fog@1)").value
