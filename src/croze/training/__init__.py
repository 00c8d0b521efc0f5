"""Training, standard or adversarial, and what comes of it."""

from croze.training.first_steps import first_steps
from croze.training.loop import BEST, STATE, Trained, in_pixels, train
from croze.training.recipe import RECIPES, Recipe, find_recipe
from croze.training.split import split
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
