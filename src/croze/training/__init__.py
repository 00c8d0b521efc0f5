"""Training, standard or adversarial, and what comes of it."""

from croze.training.images import split
from croze.training.loop import BEST, STATE, Trained, first_steps, fit, in_pixels
from croze.training.network import NetworkSpec
from croze.training.recipe import RECIPES, Recipe, find_recipe
from croze.training.run import TrainingRun, train
from croze.training.step import Diverged

__all__ = [
    "BEST",
    "RECIPES",
    "STATE",
    "Diverged",
    "NetworkSpec",
    "Recipe",
    "Trained",
    "TrainingRun",
    "find_recipe",
    "first_steps",
    "fit",
    "in_pixels",
    "split",
    "train",
]
