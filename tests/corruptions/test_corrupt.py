"""What holds for all corruptions: shapes, ranges, chance, batches, sizes and mistakes."""

import numpy as np
import pytest
import torch

from croze.corruptions import CORRUPTIONS, KINDS, SEVERITIES, corrupt
from croze.errors import CrozeError

RANDOM = {
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "glass_blur",
    "motion_blur",
    "snow",
    "frost",
    "fog",
    "elastic_transform",
}
"""Those that chance has a part in."""


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_results_are_images_like_those_before(clouds, name):
    for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
        images = clouds().to(dtype)
        before = images.clone()
        for severity in SEVERITIES:
            found = corrupt(images, name, severity)
            assert found.shape == images.shape
            assert found.dtype == dtype
            assert found.min() >= 0
            assert found.max() <= 1
            assert not torch.equal(found, images)
            assert torch.equal(images, before)


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize(("dtype", "side"), [(torch.float32, 32), (torch.float64, 32), (torch.float32, 13)])
def test_the_batch_changes_no_bit(clouds, name, dtype, side):
    images = clouds(150, side).to(dtype)
    for severity in (1, 4):
        whole = corrupt(images, name, severity, seed=3, first=1000)
        start = 0
        for size in (1, 2, 13, 64, 70):
            part = corrupt(images[start : start + size], name, severity, seed=3, first=1000 + start)
            assert torch.equal(part, whole[start : start + size])
            start += size
        assert start == len(images)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_how_images_lie_in_memory_changes_no_bit(clouds, name):
    images = clouds().float()
    for other in (
        images.contiguous(memory_format=torch.channels_last),
        images.flip(3).flip(3),
        images.repeat_interleave(2, 0)[::2],
    ):
        assert torch.equal(corrupt(other, name, 4), corrupt(images, name, 4))


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_chance_follows_from_seed_and_index(clouds, name):
    images = clouds().float()[3:]
    found = corrupt(images, name, 3, seed=5, first=9)
    state = torch.get_rng_state(), np.random.get_state()[1].copy()
    assert torch.equal(corrupt(images, name, 3, seed=5, first=9), found)
    assert torch.equal(torch.get_rng_state(), state[0])
    assert np.array_equal(np.random.get_state()[1], state[1])
    for seed, first in ((6, 9), (5, 10)):
        assert torch.equal(corrupt(images, name, 3, seed=seed, first=first), found) == (name not in RANDOM)
    same = corrupt(images[:1].repeat(2, 1, 1, 1), name, 3)
    assert torch.equal(same[0], same[1]) == (name not in RANDOM)


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("size", [(8, 8), (16, 16), (21, 30), (64, 64), (40, 33)])
def test_other_sizes(clouds, name, size):
    images = clouds(6, 64).float()[:, :, : size[0], : size[1]]
    for severity in SEVERITIES:
        found = corrupt(images, name, severity)
        assert found.shape == images.shape
        assert torch.isfinite(found).all()
        assert found.min() >= 0
        assert found.max() <= 1
    # below 32 pixels the smallest disks are one pixel
    assert name == "defocus_blur" or not torch.equal(found, images)


@pytest.mark.parametrize("name", ["defocus_blur", "motion_blur", "zoom_blur", "elastic_transform", "fog"])
def test_an_enlarged_image_is_corrupted_alike(photographs, name):
    """Lengths grow with the image: at twice the size about as much is lost as at 32 x 32."""
    images = photographs[:50]
    large = torch.nn.functional.interpolate(images, scale_factor=2, mode="bilinear")
    for severity in (3, 5):
        small_loss = (corrupt(images, name, severity) - images).square().mean().sqrt()
        large_loss = (corrupt(large, name, severity) - large).square().mean().sqrt()
        assert large_loss.item() == pytest.approx(small_loss.item(), rel=0.4), severity


GROWING = {
    "glass_blur": ((2, 4), (3, 5)),
    "motion_blur": ((1, 2, 3, 5),),
    "frost": ((1, 2, 3),),
    "elastic_transform": (),
}
"""Severities from one to the next of which images get further from the clean ones; of the others all."""


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_severity_grows(photographs, name):
    distances = {
        severity: (corrupt(photographs, name, severity) - photographs).flatten(1).norm(dim=1).mean().item()
        for severity in SEVERITIES
    }
    assert 0.1 < distances[1] < 10
    for run in GROWING.get(name, (SEVERITIES,)):
        assert [distances[s] for s in run] == sorted(distances[s] for s in run), distances
    if name == "elastic_transform":
        # as in CIFAR-C: what moves far at severity 1 moves little and roughly at 5
        assert list(distances.values()) == sorted(distances.values(), reverse=True)


def test_nothing_in_nothing_out():
    for name in CORRUPTIONS:
        assert corrupt(torch.zeros(0, 3, 32, 32), name, 1).shape == (0, 3, 32, 32)


def test_short_names():
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(corrupt(images, "jpeg", 2), corrupt(images, "jpeg_compression", 2))


def test_no_gradient_flows():
    images = torch.full((1, 3, 32, 32), 0.5, requires_grad=True)
    for name in CORRUPTIONS:
        assert not corrupt(images, name, 3).requires_grad


def test_every_kind_has_five_severities_and_a_summary():
    assert tuple(KINDS) == CORRUPTIONS
    for name, kind in KINDS.items():
        assert len(set(kind.constants)) == len(SEVERITIES), name
        assert kind.at(5) == kind(*kind.constants[4])
        assert kind.summary == kind.summary.strip().rstrip(".")


GREY = torch.full((1, 3, 32, 32), 0.5)


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (GREY * 255, "divide by 255"),
        (GREY - 1, "divide by 255"),
        (GREY * float("nan"), r"\[0, 1\]"),
        (GREY[:, :1], "RGB"),
        (GREY[0], "RGB"),
        ((GREY * 255).byte(), "float RGB images"),
        (GREY[..., :7], "at least 8 pixels, got 32 x 7"),
        (GREY.numpy(), "torch tensor, got ndarray"),
    ],
)
def test_images_that_cannot_be_corrupted(images, says):
    with pytest.raises(CrozeError, match=says):
        corrupt(images, "fog", 1)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("rain", 1), "Unknown corruption 'rain'; the known ones are gaussian_noise, .*jpeg_compression"),
        (("fog", 0), "whole number from 1 to 5, got 0"),
        (("fog", 6), "whole number from 1 to 5, got 6"),
        (("fog", 2.5), "whole number from 1 to 5, got 2.5"),
        (("fog", True), "whole number from 1 to 5, got True"),
        (("fog", 1, -1), "seed is a whole number from 0, got -1"),
        (("fog", 1, 0.5), "seed is a whole number from 0, got 0.5"),
        (("fog", 1, 0, -3), "first image is a whole number from 0, got -3"),
        (("frost", 1, 0, 0, "folder"), "FrostTextures.from_folder"),
    ],
)
def test_arguments_that_cannot_be(arguments, says):
    with pytest.raises(CrozeError, match=says):
        corrupt(GREY, *arguments)
