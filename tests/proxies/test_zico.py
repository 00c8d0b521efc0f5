import math
from itertools import pairwise

import numpy as np
import pytest

from croze.errors import CrozeError
from croze.proxies import parse_proxy
from croze.scoring.score import score


@pytest.mark.parametrize("batches", [2, 3, 5])
@pytest.mark.parametrize("network", ["plain_cnn", "resnet", "convnext", "mlp"])
def test_mean_over_deviation_by_numpy(network, batches, double16, build, backward):
    model, x = build(network), double16.normalised()
    borders = [round(b * 16 // batches) for b in range(batches + 1)]
    parts = [backward(model, x[a:b], double16.labels[a:b]) for a, b in pairwise(borders)]
    expected = {}
    for layer in parts[0]:
        g = np.stack([part[layer][1].ravel() for part in parts])
        deviation = np.sqrt(((g - g.mean(0)) ** 2).mean(0))
        ratio = sum(m / s for m, s in zip(np.abs(g).mean(0), deviation, strict=True) if s > 0)
        if ratio > 0:
            expected[layer] = math.log(ratio)
    found = score(model, double16, f"zico(batches={batches})")
    terms = {layer.layer: layer.terms["log ratio"] for layer in found.layers}
    assert terms == pytest.approx(expected, rel=1e-6)
    assert found.value == pytest.approx(sum(expected.values()), rel=1e-6)


def test_too_few_images_for_the_batches(digits, build):
    assert "at least 2 images" in score(build("mlp"), digits, "zico(batches=5)").reason
    with pytest.raises(CrozeError, match="at least 2"):
        parse_proxy("zico(batches=1)")
