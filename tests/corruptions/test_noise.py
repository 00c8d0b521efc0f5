"""The noises against their definitions, given the same draws, and their statistics."""

import numpy as np
import pytest
import torch

from croze.corruptions import KINDS, SEVERITIES, corrupt

TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-6}


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_gaussian_noise(worst, severity, dtype):
    def oracle(image, constants, noise):
        return image + constants[0] * noise.transpose(1, 2, 0)

    def draw(draws, images):
        return draws.normal(*images.shape[1:]).double().numpy()

    assert worst("gaussian_noise", severity, oracle, draw, dtype) <= TOLERANCE[dtype]


@pytest.mark.parametrize("severity", SEVERITIES)
def test_shot_noise(worst, severity):
    def oracle(image, constants, counts):
        return counts.transpose(1, 2, 0) / constants[0]

    def draw(draws, images):
        photons = KINDS["shot_noise"].constants[severity - 1][0]
        return draws.poisson(images * photons).numpy()

    assert worst("shot_noise", severity, oracle, draw) <= 1e-9


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_impulse_noise(worst, severity, dtype):
    def oracle(image, constants, chance):
        share, out = constants[0], image.copy()
        for place, u in np.ndenumerate(chance.transpose(1, 2, 0)):
            if u < share:
                out[place] = 1.0 if u < share / 2 else 0.0
        return out

    def draw(draws, images):
        return draws.uniform(*images.shape[1:]).numpy()

    assert worst("impulse_noise", severity, oracle, draw, dtype) <= TOLERANCE[dtype]


@pytest.mark.parametrize("severity", SEVERITIES)
def test_the_spread_is_that_of_the_definition(severity):
    value = 0.4
    grey = torch.full((64, 3, 32, 32), value)
    (deviation,), (photons,), (share,) = (
        KINDS[name].constants[severity - 1] for name in ("gaussian_noise", "shot_noise", "impulse_noise")
    )
    close = pytest.approx
    for name, expected in (("gaussian_noise", deviation), ("shot_noise", (value / photons) ** 0.5)):
        noisy = corrupt(grey, name, severity)
        assert noisy.mean().item() == close(value, abs=4 * expected / noisy.numel() ** 0.5), name
        assert noisy.std().item() == close(expected, rel=0.02), name
    salted = corrupt(grey, "impulse_noise", severity)
    for extreme in (0.0, 1.0):
        assert (salted == extreme).double().mean().item() == close(share / 2, rel=0.1)


def test_the_noise_of_an_image_is_its_own():
    grey = torch.full((3, 3, 32, 32), 0.5)
    noise = [
        corrupt(grey, "gaussian_noise", severity, seed, first) - grey
        for severity, seed, first in ((3, 0, 0), (3, 1, 0), (3, 0, 50), (4, 0, 0))
    ]
    flat = torch.cat(noise).flatten(1)
    assert (torch.corrcoef(flat) - torch.eye(len(flat))).abs().max() < 0.1
