"""Rank statistics: correlations, the bootstrap over architectures and its intervals; pure functions."""

from croze.stats.bootstrap import Bootstrap, bootstrap_spearman, resample_counts
from croze.stats.correlation import kendall, partial_spearman, ranks, spearman
from croze.stats.intervals import paired_difference, percentile_interval
from croze.stats.weighted_ranks import WeightedRanks

__all__ = [
    "Bootstrap",
    "WeightedRanks",
    "bootstrap_spearman",
    "kendall",
    "paired_difference",
    "partial_spearman",
    "percentile_interval",
    "ranks",
    "resample_counts",
    "spearman",
]
