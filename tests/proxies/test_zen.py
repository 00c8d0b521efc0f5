"""zen by hand, with and without BatchNorm."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from croze.errors import CrozeError
from croze.proxies import parse_proxy
from croze.scoring.score import score


def maps_and_scales(model, feature_map, inputs):
    """Output of the module called `feature_map` for each input, and each BatchNorm's scale at the first."""
    maps, entering = [], []
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    handles = [m.register_forward_pre_hook(lambda m, i: entering.append(i[0].numpy())) for m in norms]
    watched = model.get_submodule(feature_map)
    handles.append(watched.register_forward_hook(lambda m, i, o: maps.append(o.clone().numpy())))
    with torch.no_grad():
        for x in inputs:
            model(x.clone())
    for handle in handles:
        handle.remove()
    first = entering[: len(norms)]
    return maps, [math.sqrt(np.mean([a[:, k].var() for k in range(a.shape[1])])) for a in first]


def expected(initialised, model, feature_map, *, seed=0, alpha=0.01, samples=16, repeats=1):
    values = []
    for repeat in range(repeats):
        generator = torch.Generator().manual_seed(seed + repeat)
        x, e = (torch.randn(samples, 3, 32, 32, generator=generator).double() for _ in range(2))
        initialised(model, "gaussian", seed + repeat)
        (clean, moved), scales = maps_and_scales(model, feature_map, [x, x + alpha * e])
        change = np.mean([np.abs(a - b).sum() for a, b in zip(clean, moved, strict=True)])
        values.append(math.log(change) + sum(math.log(s) for s in scales))
    return np.mean(values)


@pytest.mark.parametrize("settings", [{}, {"alpha": 0.1, "samples": 4, "repeats": 3}])
@pytest.mark.parametrize(
    ("network", "feature_map"), [("plain_cnn", "3"), ("resnet", "4"), ("group_norm", "8"), ("convnext", "1")]
)
def test_by_hand(network, feature_map, settings, double16, build, initialised):
    model = build(network)
    arguments = ",".join(f"{k}={v}" for k, v in settings.items())
    found = score(model, double16, f"zen({arguments})" if settings else "zen", seed=5)
    assert found.value == pytest.approx(
        expected(initialised, build(network), feature_map, seed=5, **settings), rel=1e-9
    )


def test_scale_of_weights_in_front_of_batchnorm_is_given_back(double16):
    """With BatchNorm the response hides the width, and the second term restores it."""
    wide, narrow = (
        nn.Sequential(
            nn.Conv2d(3, 8, 3),
            nn.Conv2d(8, width, 1, bias=False),
            nn.Conv2d(width, 8, 1, bias=False),
            nn.BatchNorm2d(8),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(8, 10),
        ).double()
        for width in (64, 4)
    )
    assert score(wide, double16, "zen").value > score(narrow, double16, "zen").value + 1


def test_the_response_is_linear_in_small_steps(double16, build):
    small, large = (score(build("plain_cnn"), double16, f"zen(alpha={a})").value for a in (1e-5, 2e-5))
    assert large - small == pytest.approx(math.log(2), rel=1e-3)


def test_images_and_labels_do_not_enter(double16, build):
    blank = replace(double16, images=torch.zeros_like(double16.images))
    assert score(build("resnet"), blank, "zen") == score(build("resnet"), double16, "zen")


@pytest.mark.parametrize("arguments", ["alpha=0", "alpha=inf", "samples=0", "repeats=0", "variance=moving"])
def test_arguments_that_make_no_sense(arguments):
    with pytest.raises(CrozeError):
        parse_proxy(f"zen({arguments})")


def test_running_variances_are_those_that_the_network_itself_keeps(double16, build, initialised):
    found = score(build("resnet"), double16, "zen(variance=running)", seed=5)
    model = build("resnet")
    generator = torch.Generator().manual_seed(5)
    x, e = (torch.randn(16, 3, 32, 32, generator=generator).double() for _ in range(2))
    initialised(model, "gaussian", 5)
    (clean, moved), _ = maps_and_scales(model, "4", [x, x + 0.01 * e])
    change = np.mean([np.abs(a - b).sum() for a, b in zip(clean, moved, strict=True)])
    kept = [float(m.running_var.mean()) for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    assert found.value == pytest.approx(math.log(change) + sum(math.log(v) / 2 for v in kept), rel=1e-9)
