from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from croze.data import ArrayDataset, Normalisation, draw
from croze.errors import CrozeError

PLAIN = Normalisation((0.0,) * 3, (1.0,) * 3)


def numbered(labels: list[int], classes: int | None = None) -> ArrayDataset:
    """Image k shows the number k, so that a batch tells which images it holds."""
    pixels = np.zeros((len(labels), 3, 2, 2), dtype=np.uint8)
    pixels[:] = np.arange(len(labels)).reshape(-1, 1, 1, 1)
    return ArrayDataset(pixels, labels, classes, PLAIN, "numbers")


def drawn(batch: Any) -> list[int]:
    return (batch.images[:, 0, 0, 0] * 255).round().int().tolist()


@st.composite
def balanced_cases(draw_value: Any) -> tuple[list[int], int]:
    counts = draw_value(st.lists(st.integers(1, 12), min_size=1, max_size=8))
    labels = [label for label, count in enumerate(counts) for _ in range(count)]
    size = draw_value(st.integers(1, min(counts) * len(counts)))
    return draw_value(st.permutations(labels)), size


@given(balanced_cases(), st.integers(0, 2**64))
def test_balanced(case: tuple[list[int], int], seed: int) -> None:
    labels, size = case
    batch = draw(numbered(labels), size, seed)
    counts = np.bincount(batch.labels, minlength=max(labels) + 1)
    assert counts.sum() == size
    assert counts.max() - counts.min() <= 1
    indices = drawn(batch)
    assert len(set(indices)) == size
    assert batch.labels.tolist() == [labels[k] for k in indices]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.data(), st.integers(0, 2**64))
def test_random(labels: list[int], data: Any, seed: int) -> None:
    size = data.draw(st.integers(1, len(labels)))
    batch = draw(numbered(labels), size, seed, "random")
    indices = drawn(batch)
    assert len(set(indices)) == size
    assert batch.labels.tolist() == [labels[k] for k in indices]


@given(st.integers(0, 2**64), st.sampled_from(["balanced", "random"]), st.booleans())
def test_repeatable_without_touching_global_randomness(seed: int, sampling: Any, augment: bool) -> None:
    data = numbered([0, 1, 2] * 10)
    numpy_before, torch_before = np.random.get_state(), torch.get_rng_state()
    first, second = (draw(data, 7, seed, sampling, augment) for _ in range(2))
    assert first.digest() == second.digest()
    after: Any = np.random.get_state()
    assert all(np.array_equal(a, b) for a, b in zip(numpy_before, after, strict=True))
    assert torch.equal(torch_before, torch.get_rng_state())


def test_batch() -> None:
    batch = draw(numbered([0, 1, 0, 1], classes=5), 4)
    assert batch.images.dtype == torch.float32
    assert batch.images.shape == (4, 3, 2, 2)
    assert (batch.classes, batch.mean, batch.std, batch.source) == (5, PLAIN.mean, PLAIN.std, "numbers")
    assert sorted(drawn(batch)) == [0, 1, 2, 3]


@pytest.mark.parametrize("sampling", ["balanced", "random"])
def test_seeds_differ_and_reach_everything(sampling: Any) -> None:
    data = numbered([0, 1, 2, 3] * 5)
    batches = [drawn(draw(data, 3, seed, sampling)) for seed in range(60)]
    assert len({tuple(batch) for batch in batches}) > 50
    assert {k for batch in batches for k in batch} == set(range(20))


def test_chance_picks_the_classes_that_give_one_more() -> None:
    data = numbered([0, 1, 2] * 5)
    extra = {int(np.bincount(draw(data, 4, seed).labels).argmax()) for seed in range(20)}
    assert extra == {0, 1, 2}


def test_scarce_classes_do_not_give_one_more() -> None:
    for seed in range(20):
        assert np.bincount(draw(numbered([0, 1, 1, 2, 2]), 5, seed).labels).tolist() == [1, 2, 2]


def test_classes_without_images_are_left_out() -> None:
    labels = draw(numbered([0, 0, 4, 4], classes=9), 4).labels
    assert sorted(labels.tolist()) == [0, 0, 4, 4]


def test_augmentation_draws_the_same_images() -> None:
    rng = np.random.Generator(np.random.PCG64(0))
    pixels = rng.integers(1, 256, (30, 3, 16, 16), dtype=np.uint8)
    data = ArrayDataset(pixels, [0, 1, 2] * 10, normalisation=PLAIN)
    plain, changed = draw(data, 9, 3), draw(data, 9, 3, augment=True)
    assert torch.equal(plain.labels, changed.labels)
    assert changed.images.shape == plain.images.shape
    assert not torch.equal(plain.images, changed.images)
    assert changed.images.min() >= 0
    assert changed.images.max() <= 1


@pytest.mark.parametrize(
    ("labels", "arguments", "sentence"),
    [
        ([0, 1], {"size": 3}, "A batch of 3 images cannot be drawn from the 2 of numbers: ask for a smaller"),
        ([0, 1, 1, 1], {"size": 4}, "needs about 2 of each of the 2 classes, but class 0 of numbers has 1"),
        ([0, 1, 2, 2, 2], {"size": 5}, "about 1.67 of each of the 3 classes"),
        ([0, 1], {"size": 0}, "size of a draw must be a whole number of at least 1, got 0"),
        ([0, 1], {"size": 1.0}, "size .* got 1.0"),
        ([0, 1], {"size": True}, "size .* got True"),
        ([0, 1], {"size": 1, "seed": -1}, "seed of a draw must be a whole number of at least 0, got -1"),
        ([0, 1], {"size": 1, "seed": None}, "seed .* got None"),
        (
            [0, 1],
            {"size": 1, "sampling": "best"},
            "Unknown sampling 'best', expected one of balanced, random",
        ),
    ],
)
def test_refused(labels: list[int], arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CrozeError, match=sentence):
        draw(numbered(labels), **arguments)
