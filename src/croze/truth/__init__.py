"""Published ground truth, read-only: what was measured of the architectures of a space."""

from croze.truth.catalogue import BENCHMARKS
from croze.truth.classes import HALVES, halves, one_of_each
from croze.truth.columns import CLEAN, MEAN_CORRUPTION, Column
from croze.truth.published_proxies import PublishedScores, read_published
from croze.truth.registry import open_truth
from croze.truth.selection import select, sets_of, shared_cells
from croze.truth.truth import Provenance, Truth

__all__ = [
    "BENCHMARKS",
    "CLEAN",
    "HALVES",
    "MEAN_CORRUPTION",
    "Column",
    "Provenance",
    "PublishedScores",
    "Truth",
    "halves",
    "one_of_each",
    "open_truth",
    "read_published",
    "select",
    "sets_of",
    "shared_cells",
]
