import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from croze.data import ArrayDataset, cached, open_dataset
from croze.errors import CrozeError
from croze.training import Recipe, split
from croze.training.images import Batches, cut_out


@given(
    st.lists(st.integers(0, 4), min_size=12, max_size=60),
    st.floats(0.05, 0.8),
    st.integers(0, 99),
)
def test_a_split_is_disjoint_and_stratified(labels, share, seed):
    labels = [*labels, 0, 0]
    dataset = ArrayDataset(np.zeros((len(labels), 3, 8, 8), np.uint8), labels, 5)
    training, validation = split(dataset, share, seed)
    assert sorted([*training, *validation]) == list(range(len(labels)))
    for label in set(labels):
        there = int((dataset.labels[validation] == label).sum())
        count = labels.count(label)
        assert there == min(max(1, round(count * share)), count - 1)
    again = split(dataset, share, seed)
    assert all(np.array_equal(a, b) for a, b in zip(again, (training, validation), strict=True))


def test_fewer_images_keep_their_proportions():
    dataset = open_dataset("digits")
    training, validation = split(dataset, 0.1, 0, 500)
    assert len(training) + len(validation) == pytest.approx(500, abs=5)
    shares = np.bincount(dataset.labels[training]) / len(training)
    assert np.allclose(shares, np.bincount(dataset.labels) / len(dataset), atol=0.01)
    with pytest.raises(CrozeError, match="which has 1797"):
        split(dataset, 0.1, 0, 1798)


def test_one_image_a_class_cannot_be_split():
    dataset = ArrayDataset(np.zeros((3, 3, 8, 8), np.uint8), [0, 1, 2])
    with pytest.raises(CrozeError, match="two of a class"):
        split(dataset, 0.5, 0)


def test_an_epoch_has_every_image_once_in_an_order_of_its_own(images):
    recipe = Recipe(batch_size=60, augment=False)
    batches = Batches(images[0], recipe, 3)
    assert batches.steps == 4

    def epoch(number):
        return torch.cat([batches(number, step)[0] for step in range(4)]).flatten(1)

    whole = torch.from_numpy(images[0].read(np.arange(240))).float().flatten(1) / 255
    order = torch.cdist(epoch(0), whole).argmin(1)
    assert sorted(order.tolist()) == list(range(240))
    assert not torch.equal(epoch(0), epoch(1))
    assert torch.equal(epoch(1), epoch(1))


def test_a_batch_does_not_depend_on_those_before_it(images):
    recipe = Recipe(batch_size=32, cutout=8)
    walked = Batches(images[0], recipe, 0)
    for step in range(5):
        last = walked(2, step)
    fresh = Batches(images[0], recipe, 0)(2, 4)
    assert torch.equal(last[0], fresh[0])
    assert torch.equal(last[1], fresh[1])


def test_cut_out():
    white = np.full((200, 3, 32, 32), 255, np.uint8)
    found = cut_out(white, 16, np.random.default_rng(0))
    assert white.min() == 255
    gone = (found == 0).all(1).reshape(200, -1).sum(1)
    assert gone.max() == 256
    assert gone.min() >= 64
    assert set(np.unique(found)) == {0, 255}


def test_what_is_cached_is_the_same(images):
    dataset = open_dataset("digits")
    rows = np.array([5, 3, 900])
    part = cached.cached(dataset, rows)
    assert np.array_equal(part.read([0, 1, 2]), dataset.read(rows))
    assert np.array_equal(part.labels, dataset.labels[rows])
    assert (part.mean, part.std, part.classes) == (dataset.mean, dataset.std, dataset.classes)


def test_what_does_not_fit_is_read_when_it_is_asked_for(monkeypatch):
    monkeypatch.setattr(cached, "MOST_BYTES", 1)
    dataset = open_dataset("digits")
    rows = np.array([5, 3, 900])
    part = cached.cached(dataset, rows)
    assert np.array_equal(part.read([2, 0]), dataset.read([900, 5]))
    assert cached.cached(dataset) is dataset
