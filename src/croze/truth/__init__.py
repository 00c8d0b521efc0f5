"""Published ground truth, read-only: what was measured of the architectures of a space."""

from croze.truth.published_proxies import PublishedScores, read_published
from croze.truth.registry import BENCHMARKS, open_truth
from croze.truth.selection import one_of_each, select, sets_of
from croze.truth.split import class_name, halves
from croze.truth.truth import Provenance, Truth

__all__ = [
    "BENCHMARKS",
    "Provenance",
    "PublishedScores",
    "Truth",
    "class_name",
    "halves",
    "one_of_each",
    "open_truth",
    "read_published",
    "select",
    "sets_of",
]
