"""The network that is trained and evaluated: an architecture of a space, or one of the user's own."""

from croze.training.network.base import Subject, subject_from_json
from croze.training.network.of_file import OfFile, load_model
from croze.training.network.of_run import of_run
from croze.training.network.of_space import OfSpace, of_space

__all__ = ["OfFile", "OfSpace", "Subject", "load_model", "of_run", "of_space", "subject_from_json"]
