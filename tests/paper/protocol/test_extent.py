import pytest

from croze.data import load_batch
from croze.paper.protocol import Extent, extent_of
from croze.scoring.evaluator import Evaluator
from croze.spaces import open_space
from croze.training import find_recipe


def test_images_are_counted():
    """2 searches of 10 candidates on 8 images; 3 trainings of 4 epochs on 90 of 100 images."""
    counts = {"searches": 2, "candidates": 10, "batch": 8, "trainings": 3, "images": 100}
    standard = extent_of(None, **counts, recipe=find_recipe("standard", {"epochs": "4"}))
    assert standard.images == 2 * 10 * 8 + 3 * 4 * 90
    adversarial = extent_of(None, **counts, recipe=find_recipe("pgd", {"epochs": "4"}))
    assert adversarial.images == 2 * 10 * 8 + 3 * 4 * 90 * 8
    assert standard.seconds is None
    assert "on one core" not in standard.sentence()


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.6, "1.0 hours"), (0.36, "6.0 minutes"), (3600.0, "1,000 hours")]
)
def test_the_sentence_says_how_long(seconds, text):
    extent = Extent(15, 5000, 27, 200, 1000, seconds)
    assert "15 searches of 5,000 candidates and 27 trainings of 200 epochs" in extent.sentence()
    assert f"about {text} on one core" in extent.sentence()


def test_a_pass_is_timed():
    space = open_space("nasbench201", channels=2, cells=1)
    evaluator = Evaluator(space, load_batch("digits", size=2, seed=0), 0)
    recipe = find_recipe("standard", {"epochs": "1"})
    extent = extent_of(evaluator, searches=1, candidates=2, batch=2, trainings=1, images=10, recipe=recipe)
    assert 0 < extent.seconds < 60
