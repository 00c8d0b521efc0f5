"""The tables of a ranking: selections from the long table, on a page and on a terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from croze.ranking.columns import MEAN, SINGLE
from croze.ranking.ranking import GIVEN_SIZE, ORACLE, RANDOM, Ranking, Record
from croze.ranking.statistics import DECILE, DIFFERENCE, SPEARMAN, STATISTICS, WITHIN, Statistic
from croze.reporting.table import Table
from croze.reporting.text import interval_text, rho_text
from croze.truth.columns import described

BOUNDS = {ORACLE: "*oracle*", RANDOM: "*random*"}


def statistic_of(label: str) -> tuple[Statistic, str]:
    """The statistic of a line of the long table, and its heading.

    Raises:
        KeyError: no such statistic.
    """
    if label in STATISTICS:
        return STATISTICS[label], STATISTICS[label].heading
    for statistic in STATISTICS.values():
        prefix, parameter, _ = statistic.name.partition("{}")
        if parameter and label.startswith(prefix):
            return statistic, statistic.heading.format(label.removeprefix(prefix))
    raise KeyError(label)


def value_text(record: Record) -> str:
    """A value with its interval, where it has one: a correlation, points of accuracy, or a number."""
    unit = statistic_of(record.statistic)[0].unit
    if unit == "rho":
        return interval_text(record.value, record.low, record.high)
    if unit == "number":
        return "-" if math.isnan(record.value) else f"{record.value:,.0f}"
    if math.isnan(record.low):
        return points_text(record.value)
    if record.proxy == RANDOM:
        return f"{points_text(record.value)} ± {points_text(record.high - record.value)}"
    return f"{points_text(record.value)} ({points_text(record.low)} to {points_text(record.high)})"


def points_text(value: float) -> str:
    """A share as percent."""
    return "-" if math.isnan(value) else f"{round(100 * value, 2) + 0.0:.2f}"  # never -0.00


def heading_of(column: str) -> str:
    """A column by a name for readers."""
    return described(column).heading


def counted(ranking: Ranking, cells: str) -> str:
    """On how many cells a table rests."""
    entry = ranking.cells[cells]
    return f"n = {entry.n:,} of {entry.chosen:,} cells, {entry.distinct:,} of them distinct"


def by_column(
    ranking: Ranking,
    cells: str,
    columns: Sequence[str],
    statistic: str,
    title: str,
    note: str = "",
    *,
    text: Callable[[Record], str] = value_text,
    failures: bool = False,
) -> Table:
    """One statistic of each proxy in every column."""
    lost = ranking.cells[cells].failures
    rows = [
        (
            f"`{proxy}`",
            *(text(ranking.at(proxy, column, cells, statistic)) for column in columns),
            *((f"{lost.get(proxy, 0):,}",) if failures else ()),
        )
        for proxy in ranking.proxies
        if statistic != DIFFERENCE or proxy != ranking.reference
    ]
    return Table(title, note, ("proxy", *columns, *(("failed",) if failures else ())), tuple(rows))


def column_sheets(ranking: Ranking, cells: str, columns: Sequence[str], convention: str) -> list[Table]:
    """Rho with its interval, rho given live parameters, and paired differences to the reference."""
    single = convention == SINGLE
    names = (*columns, MEAN)
    note = f"{counted(ranking, cells)}. The value of a corruption is the mean of rho over its five severities"
    grouped = f", that of a group the mean over its corruptions; groups: {convention} convention"
    note += "." if single else f"{grouped}."
    title = "Rho" if single else "Table 2's columns: rho"
    sheets = [
        by_column(ranking, cells, names, SPEARMAN, "Rho by column" if single else title, note, failures=True),
        by_column(ranking, cells, names, GIVEN_SIZE, f"{title} given live parameters", text=plain_text),
    ]
    if len(ranking.proxies) > 1 and ranking.reference:
        against = f"Difference of rho to {ranking.reference}, paired"
        paired = "Both proxies on the same resamples; if the interval excludes 0, one of them ranks better."
        sheets.append(by_column(ranking, cells, names, DIFFERENCE, against, paired))
    return sheets


def plain_text(record: Record) -> str:
    """A correlation without its interval."""
    return rho_text(record.value)


def by_set(ranking: Ranking, sets: Sequence[str], column: str) -> Table:
    """Rho of each proxy with a column on every set of cells: both conventions, both halves."""
    rows = tuple(
        (f"`{proxy}`", *(value_text(ranking.at(proxy, column, cells)) for cells in sets))
        for proxy in ranking.proxies
    )
    counts = "; ".join(f"{cells}: {counted(ranking, cells)}" for cells in sets)
    note = (
        f"Spearman's rho. {counts}. Proxies and aggregates of this project were tuned on the choose half; "
        "quote the values of the report half."
    )
    return Table(f"{heading_of(column)}: rho by set of cells", note, ("proxy", *sets), rows)


def statistic_sheets(ranking: Ranking, cells: str, columns: Sequence[str]) -> list[Table]:
    """All statistics of these columns on one set of cells: correlations, the top, deciles; the failures."""
    found = []
    for column in columns if ranking.cells[cells].n else ():
        labels = {label: statistic_of(label)[0] for label in ranking.statistics(cells, column)}
        top = [n for n, s in labels.items() if s.needs == "top" or s.unit != "rho"]
        beyond = [n for n, s in labels.items() if n not in top and s.needs not in ("decile", "reference")]
        if len(beyond) > 1:
            found += [
                _statistics(ranking, cells, column, beyond, "rank correlations"),
                _statistics(ranking, cells, column, top, "top k and regret"),
                deciles(ranking, cells, column),
            ]
    return [sheet for sheet in (*found, failures(ranking, cells)) if sheet.rows]


def deciles(ranking: Ranking, cells: str, column: str) -> Table:
    """Rho of each proxy inside each tenth of the cells by live parameters."""
    parts = list(enumerate(ranking.cells[cells].deciles, start=1))
    labels = [DECILE.format(i) for i, _ in parts]
    rows = tuple(
        (
            f"`{proxy}`",
            *(plain_text(ranking.at(proxy, column, cells, label)) for label in labels),
            value_text(ranking.at(proxy, column, cells, WITHIN)),
        )
        for proxy in ranking.proxies
    )
    spans = ", ".join(f"{i}: {low:,.0f} to {high:,.0f}" if n else f"{i}: none" for i, (n, low, high) in parts)
    head = ("proxy", *(f"{i}: {n:,}" for i, (n, _, _) in parts), "mean")
    title = f"{heading_of(column)}, {cells}: rho inside size deciles"
    note = f"{counted(ranking, cells)}. Live parameters by decile: {spans}."
    return Table(title, note, head, rows if parts else ())


def failures(ranking: Ranking, cells: str) -> Table:
    """What could not be ranked: failures by proxy and size, and proxies that are the same for all cells."""
    entry = ranking.cells[cells]
    rows = []
    for proxy in ranking.proxies:
        count = entry.failures.get(proxy, 0)
        said = [f"failed on {count:,} of {entry.chosen:,}"] if count else []
        said += ["the same score for all cells"] if proxy in entry.constant else []
        if said:
            rows.append((f"`{proxy}`", "; ".join(said)))
    rows += [
        (f"`{size}`", f"unknown for {count:,} of {entry.chosen:,}")
        for size, count in entry.failures.items()
        if size not in ranking.proxies
    ]
    note = "A cell on which one proxy fails is left out for all."
    return Table(f"Failures: {cells}", note, ("proxy", "what"), tuple(rows), prose=True)


def reading_notes(ranking: Ranking, *, deep: bool) -> list[str]:
    """How to read the tables, a line each."""
    with_intervals = "all statistics" if deep else "Spearman's and the partial rhos"
    drawn = ranking.bootstrap
    return [
        "Every proxy is oriented so that its better end is high. `-`: undefined, because the score is the "
        "same for all cells or a size determines its order. All rows of a table use the cells on which "
        "every proxy and every size succeeded.",
        f"In brackets: {drawn.level:.0%} bootstrap intervals of {with_intervals} ({drawn.resamples:,} "
        f"resamples of the cells, seed {drawn.seed}); an aggregate keeps its ranks in them.",
        "*rho*: Spearman's rho; *tau-b*: Kendall's tau, corrected for ties; *weighted tau*: Vigna's "
        "weighted tau, in which exchanges at the top have the largest weight.",
        "*given*: partial rank correlation with a size held fixed, computed from the residuals of ranks; "
        "*all sizes*: given all of them together.",
        "*in deciles*: rho inside deciles of the cells by live parameters; the mean is weighted by the "
        "number of cells. Cells of equal size are in one decile, that of their mid-rank, so deciles "
        "differ in size.",
        "*P@k*: fraction of the k top-ranked cells whose accuracy is at least the k-th best. *nDCG@k*: "
        "accuracies of the k top-ranked cells, discounted by log2(1 + rank), relative to the best order. "
        "The gain is the accuracy itself, as in the published code of VKDNW (Tybl and Neumann 2025); "
        "compare with the value of a random order.",
        "*regret*: percentage points between the best accuracy and that of the top-ranked cell. If "
        "several cells share the first rank, it is the mean over them, and *sharing* is their number "
        "(*picks*: their accuracy); for a random order it is given with the standard deviation. *best of "
        "k*: the same for the best of the k top-ranked cells, as if k were trained. Equal scores are "
        "averaged over all their orders. A resample repeats some cells and lacks others, so intervals of "
        "statistics that depend on very few cells are rough.",
    ]


def _statistics(ranking: Ranking, cells: str, column: str, labels: Sequence[str], what: str) -> Table:
    head = ("proxy", *(statistic_of(label)[1] for label in labels))
    rows = [
        (f"`{proxy}`", *(value_text(ranking.at(proxy, column, cells, label)) for label in labels))
        for proxy in ranking.proxies
    ]
    known = {(r.proxy, r.statistic) for r in ranking.select(proxy=(*BOUNDS,), cells=cells, column=column)}
    for bound, name in BOUNDS.items():
        values = [ranking.at(bound, column, cells, label) for label in labels]
        texts = [value_text(value) if (bound, value.statistic) in known else "" for value in values]
        if any(texts):
            rows.append((name, *texts))
    title = f"{heading_of(column)}, {cells}: {what}"
    return Table(title, f"{counted(ranking, cells)}.", head, tuple(rows))
