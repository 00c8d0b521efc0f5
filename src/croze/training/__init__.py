"""Training, standard or adversarial, and what comes of it."""

from croze.training.images import split
from croze.training.loop import BEST, STATE, Trained, first_steps, in_pixels, train
from croze.training.recipe import RECIPES, Recipe, find_recipe
from croze.training.step import Diverged

__all__ = [
    "BEST",
    "RECIPES",
    "STATE",
    "Diverged",
    "Recipe",
    "Trained",
    "find_recipe",
    "first_steps",
    "in_pixels",
    "split",
    "train",
]
