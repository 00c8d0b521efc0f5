"""Published ground truth, read-only, and how proxies rank against it."""

from croze.benchmarks.columns import every_column, judged_columns, printed_columns
from croze.benchmarks.comparison import Comparison, compare
from croze.benchmarks.published_proxies import PublishedScores, read_published
from croze.benchmarks.quality import Quality, quality
from croze.benchmarks.registry import BENCHMARKS, open_truth
from croze.benchmarks.selection import one_of_each, select, sets_of
from croze.benchmarks.split import class_name, halves
from croze.benchmarks.table2 import Column, Table, table2
from croze.benchmarks.truth import Provenance, Truth

__all__ = [
    "BENCHMARKS",
    "Column",
    "Comparison",
    "Provenance",
    "PublishedScores",
    "Quality",
    "Table",
    "Truth",
    "class_name",
    "compare",
    "every_column",
    "halves",
    "judged_columns",
    "one_of_each",
    "open_truth",
    "printed_columns",
    "quality",
    "read_published",
    "select",
    "sets_of",
    "table2",
]
