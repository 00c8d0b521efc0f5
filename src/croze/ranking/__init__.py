"""Rankings of proxies against a ground truth: one long table, from which every table and page is taken."""

from croze.ranking.ranking import Bootstrap, Cells, Ranking, Record, rank, rank_scored, seldom_failing
from croze.ranking.statistics import STATISTICS, Statistic

__all__ = [
    "STATISTICS",
    "Bootstrap",
    "Cells",
    "Ranking",
    "Record",
    "Statistic",
    "rank",
    "rank_scored",
    "seldom_failing",
]
