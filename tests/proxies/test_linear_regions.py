import random

import pytest
import torch
from torch import nn

from croze.errors import CrozeError
from croze.proxies import parse_proxy
from croze.scoring.score import score
from croze.spaces import open_space


def distinct_codes(model, samples, size, seed=0):
    x = torch.randn(samples, 3, size, size, generator=torch.Generator().manual_seed(seed))
    seen = []
    handles = [
        m.register_forward_pre_hook(lambda m, x: seen.append(x[0].clone()))
        for m in model.modules()
        if isinstance(m, nn.ReLU)
    ]
    with torch.no_grad():
        model(x)
    for handle in handles:
        handle.remove()
    return len({tuple(v > 0 for layer in seen for v in layer[n].flatten().tolist()) for n in range(samples)})


@pytest.mark.parametrize("settings", [(1000, 3), (50, 5)])
def test_distinct_codes_of_thin_cells(settings, digits):
    space, rng = open_space("nasbench201"), random.Random(0)
    for _ in range(4):
        model = space.build(space.sample(rng), classes=10, seed=0, flavour="thin")
        found = score(model, digits, "linear-regions(samples={},resolution={})".format(*settings))
        assert found.value == distinct_codes(model, *settings)


def test_a_line_has_two_regions(digits):
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 9, 1), nn.ReLU(), nn.Linear(1, 10))
    assert score(model, digits, "linear-regions").value == 2


@pytest.mark.parametrize("arguments", ["samples=1", "resolution=0"])
def test_arguments_that_make_no_sense(arguments):
    with pytest.raises(CrozeError, match="at least 2 samples"):
        parse_proxy(f"linear-regions({arguments})")
