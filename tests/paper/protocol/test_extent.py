import pytest

from croze.data import load_batch
from croze.paper.protocol import duration_text, passes, seconds_an_image
from croze.scoring.evaluator import Evaluator
from croze.spaces import open_space
from croze.training import find_recipe


def test_images_are_counted():
    """2 searches of 10 candidates on 8 images; 3 trainings of 4 epochs on 90 of 100 images."""
    scored = 2 * 10 * 8
    assert passes(scored, 3, 100, find_recipe("standard", {"epochs": "4"})) == scored + 3 * 4 * 90
    assert passes(scored, 3, 100, find_recipe("pgd", {"epochs": "4"})) == scored + 3 * 4 * 90 * 8


@pytest.mark.parametrize(
    ("seconds", "text"), [(3600, "1.0 hours"), (360, "6.0 minutes"), (3.6e6, "1,000 hours")]
)
def test_durations(seconds, text):
    assert duration_text(seconds) == text


def test_a_pass_is_timed():
    space = open_space("nasbench201", channels=2, cells=1)
    assert 0 < seconds_an_image(Evaluator(space, load_batch("digits", size=2, seed=0), 0)) < 60
