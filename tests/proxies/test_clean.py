import pytest
import torch

from croze.proxies.clean import PARTS, clean_pass
from croze.proxies.passes import Passes
from croze.testing.networks import plain_cnn


def passes(batch, *parts, **settings):
    torch.manual_seed(0)
    asked = {("default", part) for part in parts}
    model = plain_cnn().double()
    return Passes.over(model, batch, seed=0, asked=asked, normalises_input=False, own=False, **settings)


def filled(clean):
    found = {
        "gradients": clean.reached,
        "features": clean.features,
        "codes": clean.codes,
        "jacobian": clean.jacobian is not None,
        "saliency": clean.saliency,
    }
    return {part for part, content in found.items() if content}


@pytest.mark.parametrize("part", PARTS)
def test_only_what_is_asked_for_is_there(part, digits):
    free = {"gradients"} if part == "saliency" else set()  # the same backward pass
    assert filled(clean_pass(passes(digits, part))) == {part} | free


def test_without_a_request_nothing_runs_backwards(digits, monkeypatch):
    monkeypatch.delattr(torch.autograd, "grad")
    assert filled(clean_pass(passes(digits))) == set()
    assert filled(clean_pass(passes(digits, "features", "codes"))) == {"features", "codes"}


@pytest.mark.parametrize("size", [1, 3, 8])
def test_parts_of_the_batch_add_up(size, digits):
    whole = clean_pass(passes(digits, *PARTS))
    parts = clean_pass(passes(digits, *PARTS, micro_batch=size))
    for a, b in zip(whole.codes, parts.codes, strict=True):
        assert torch.equal(a, b)
    assert torch.allclose(whole.jacobian, parts.jacobian)
    for name in ("gradients", "features", "saliency"):
        a, b = getattr(whole, name), getattr(parts, name)
        assert [*a] == [*b]
        assert all(torch.allclose(a[layer], b[layer]) for layer in a)
