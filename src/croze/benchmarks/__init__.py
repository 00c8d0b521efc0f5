"""Published ground truth, read-only, and how proxies rank against it."""

from croze.benchmarks.comparison import Comparison, compare
from croze.benchmarks.registry import BENCHMARKS, open_truth
from croze.benchmarks.selection import select
from croze.benchmarks.split import halves, smallest_string
from croze.benchmarks.table2 import Column, Table, table2
from croze.benchmarks.truth import Provenance, Truth

__all__ = [
    "BENCHMARKS",
    "Column",
    "Comparison",
    "Provenance",
    "Table",
    "Truth",
    "compare",
    "halves",
    "open_truth",
    "select",
    "smallest_string",
    "table2",
]
