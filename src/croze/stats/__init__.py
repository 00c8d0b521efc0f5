"""Rank statistics: correlations, what is on top, the bootstrap over architectures; pure functions."""

from croze.stats.bootstrap import (
    bootstrap_spearman,
    drawn_counts,
    percentile_interval,
    rank_correlations,
)
from croze.stats.concordance import kendall, kendall_under, weighted_tau
from croze.stats.correlation import (
    partial_correlation,
    partial_given_all,
    ranks,
    spearman,
)
from croze.stats.size_groups import Within, rho_within, size_groups
from croze.stats.top_k import (
    best_of_random,
    best_of_top,
    chance_at,
    ndcg_at,
    picked,
    precision_at,
    random_ndcg_at,
)
from croze.stats.weighted_ranks import WeightedRanks

__all__ = [
    "WeightedRanks",
    "Within",
    "best_of_random",
    "best_of_top",
    "bootstrap_spearman",
    "chance_at",
    "drawn_counts",
    "kendall",
    "kendall_under",
    "ndcg_at",
    "partial_correlation",
    "partial_given_all",
    "percentile_interval",
    "picked",
    "precision_at",
    "random_ndcg_at",
    "rank_correlations",
    "ranks",
    "rho_within",
    "size_groups",
    "spearman",
    "weighted_tau",
]
