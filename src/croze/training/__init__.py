"""Training, standard or adversarial, and what comes of it."""

from croze.training.loop import BEST, STATE, Diverged, Trained, in_pixels, train
from croze.training.recipe import RECIPES, Recipe, find_recipe
from croze.training.split import split

__all__ = [
    "BEST",
    "RECIPES",
    "STATE",
    "Diverged",
    "Recipe",
    "Trained",
    "find_recipe",
    "in_pixels",
    "split",
    "train",
]
