import pytest
import torch

from croze.errors import CrozeError
from croze.types import Batch, LayerScore, Score

IMAGES = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([0, 1, 2, 3])


def batch(**changes):
    parts = {
        "images": IMAGES,
        "labels": LABELS,
        "classes": 10,
        "mean": (0.5, 0.4, 0.3),
        "std": (0.2, 0.3, 0.4),
    }
    return Batch(**parts | changes)


def test_normalised_and_back():
    b = batch()
    x = b.normalised()
    assert torch.allclose(x[:, 1], (IMAGES[:, 1] - 0.4) / 0.3)
    assert torch.allclose(b.pixels(x), IMAGES, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"images": IMAGES * 255}, r"must lie in \[0, 1\].*divide by 255"),
        ({"images": IMAGES - 0.5}, r"must lie in \[0, 1\]"),
        ({"images": IMAGES.where(IMAGES > 0.5, torch.nan)}, r"must lie in \[0, 1\]"),
        ({"images": IMAGES[0]}, r"shape \(N, C, H, W\)"),
        ({"images": (IMAGES * 255).byte()}, "float images"),
        ({"images": IMAGES[:0], "labels": LABELS[:0]}, "at least one image"),
        ({"labels": LABELS[:2]}, "as many int64 labels"),
        ({"labels": LABELS.float()}, "int64"),
        ({"labels": LABELS + 8}, r"0\.\.9, got 11"),
        ({"labels": LABELS - 1}, r"got -1"),
        ({"mean": (0.5,)}, "3 finite means"),
        ({"std": (0.2, 0.0, 0.4)}, "positive deviations"),
        ({"std": (0.2, float("nan"), 0.4)}, "positive deviations"),
        ({"mean": (0.2, float("nan"), 0.4)}, "finite means"),
    ],
)
def test_bad_batches_are_refused_with_one_sentence(changes, sentence):
    with pytest.raises(CrozeError, match=sentence):
        batch(**changes)


def test_digest_is_the_identity_of_the_content():
    assert batch().digest() == batch(images=IMAGES.clone()).digest()
    others = [
        batch(images=IMAGES.flip(0)),
        batch(labels=LABELS.flip(0)),
        batch(classes=11),
        batch(mean=(0.5, 0.4, 0.2)),
    ]
    assert len({b.digest() for b in [batch(), *others]}) == 5
    assert batch(source="elsewhere").digest() == batch().digest()


def test_to_moves_images_but_keeps_labels_whole():
    moved = batch().to(torch.float64)
    assert moved.images.dtype == torch.float64
    assert moved.labels.dtype == torch.int64


def test_a_failed_score_is_no_number():
    failed = Score("params", None, reason="no parameters")
    assert not failed.ok
    assert failed.to_json()["value"] is None
    good = Score("x", 2.0, layers=(LayerScore("conv", {"gradients": 1.0}),), seconds=3.0)
    assert good.ok
    assert good.to_json()["layers"] == [{"layer": "conv", "gradients": 1.0}]
    assert good == Score("x", 2.0, layers=good.layers, seconds=9.0), "time is no part of a score's identity"
