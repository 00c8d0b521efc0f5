from dataclasses import replace

import numpy as np
import pytest

from croze.scoring.score import score


@pytest.mark.parametrize("network", ["plain_cnn", "resnet", "convnext", "group_norm", "mlp"])
def test_signs_image_by_image(network, double16, build, backward, image_by_image):
    model, x = build(network), double16.normalised()
    frozen = image_by_image(model, x)
    signs = {}
    for n in range(len(double16)):
        for layer, (_, g) in backward(frozen, x[n : n + 1], double16.labels[n : n + 1], train=False).items():
            signs.setdefault(layer, []).append(np.where(g > 0, 1, np.where(g < 0, -1, 0)))
    expected = sum(np.abs(np.sum(s, axis=0)).sum() for s in signs.values())
    assert score(model, double16, "gradsign").value == expected


def test_one_image_agrees_with_itself(digits, build):
    one = replace(digits, images=digits.images[:1], labels=digits.labels[:1])
    model = build("mlp")
    found = score(model, one, "gradsign").value
    assert 0 < found <= sum(m.numel() for m in model.parameters() if m.ndim == 2)
