"""The evidence page on all proxies: a survey as Markdown."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from croze.ranking.columns import MEAN
from croze.ranking.criteria import Agreement
from croze.ranking.ranking import GIVEN_SIZE, Ranking
from croze.ranking.scored import DIGITS, Scoring, basis_lines
from croze.ranking.sheets import plain_text, value_text
from croze.ranking.survey import BOTH, CHOOSE, REPORT, Survey
from croze.reporting.page import Page
from croze.reporting.table import Table
from croze.reporting.text import rho_text
from croze.truth.columns import CLEAN, MEAN_CORRUPTION

HEADLINE = {CLEAN: "clean", "fgsm@8": "FGSM-8", MEAN_CORRUPTION: "corruptions"}
"""The columns that carry intervals and partial rhos, with their headings."""

STRONG = ("pgd@1", "apgd-ce@1", "square@1", "square@8")
"""Columns of stronger attacks in the summary; larger epsilons leave a standard-trained network nothing."""


def render(survey: Survey) -> str:
    """The page, ending with a newline."""
    truth = f"{survey.basis['truth']} on {survey.basis['dataset']}"
    return Page(
        "Evaluation of the proxies",
        f"Proxies and named aggregates of croze, compared on the same cells with all columns of {truth}.",
        survey.basis["command"],
        _rests_on(survey),
        _how_to_read(survey),
        sheets(survey),
    ).markdown()


def sheets(survey: Survey) -> list[Table]:
    """All tables of the page in order; those with nothing to show are left out.

    Every table has one order: by rho with clean accuracy on the report half.
    """
    kinds = {column.name: column.kind for column in survey.columns}
    attacks = [name for name, kind in kinds.items() if kind == "attack"]
    corruptions = [name for name, kind in kinds.items() if kind == "corruption" and name != MEAN_CORRUPTION]
    ranking = survey.ranking
    found = [
        _summary(survey, REPORT, "Summary (report half)", survey.milliseconds),
        _summary(survey, CHOOSE, "Summary (choose half)"),
        _of_columns(ranking, attacks, "Attacks by epsilon (report half)", "Epsilon in 1/255, after the @."),
        _of_columns(
            ranking, corruptions, "Corruptions (report half)", "Mean of rho over the five severities."
        ),
        _published(survey),
        _catalogue(survey),
        _failures(ranking),
    ]
    return [sheet for sheet in found if sheet.rows]


def _rests_on(survey: Survey) -> list[str]:
    basis, cells = survey.basis, survey.ranking.cells
    lines = [
        f"cells: {cells[CHOOSE].chosen:,} of the choose half and {cells[REPORT].chosen:,} of the report "
        f"half, distinct up to isomorphism, seed {basis['seed']}; networks: {basis['space']}, untrained, "
        f"seed {basis['score_seed']}",
        f"scored on: {Scoring(**basis['scoring'])}",
    ]
    if basis["published"] is not None:
        name, digest, scoring = basis["published"]
        lines.append(
            f"published scores: {name} (SHA-256 {digest[:DIGITS]}), {scoring['cells']:,} of its cells, seed "
            f"{basis['seed']}, scored on {Scoring(**scoring)}"
        )
    return [*lines, *basis_lines(basis, basis["files"])]


def _how_to_read(survey: Survey) -> list[str]:
    drawn = survey.ranking.bootstrap
    lines = [
        "Values are Spearman's rho between score and measured accuracy, oriented so that the better end "
        "of the proxy is high; `-` if undefined, because the score is the same for all cells or succeeded "
        "on fewer than three.",
        "Proxies and aggregates of this project were tuned on the choose half; quote the values of the "
        "report half.",
        "The value of a corruption is the mean of rho over its five severities; *corruptions* is rho "
        "with the mean accuracy over all 15 and their severities. *Given live parameters* is the partial "
        "rho with the number of live parameters (those that a gradient reaches) held fixed; `-` for a "
        "score that orders the cells as this number does. `fgsm@8` is the accuracy under FGSM with "
        "epsilon 8/255.",
        f"In brackets: the {drawn.level:.0%} bootstrap interval ({drawn.resamples:,} resamples of the "
        f"cells, seed {drawn.seed}).",
        "The rows of a table use the same cells, those on which every proxy that fails on fewer than 5% "
        "of the cells succeeded. Proxies that fail more often are below the line, on the cells on which "
        "they succeeded; their values are not exactly comparable. Every row gives its n and the number of "
        "sampled cells on which the proxy failed.",
        "An aggregate ranks the sampled cells of a half relative to each other; its interval keeps "
        "these ranks. All tables are sorted as the first, by rho with clean accuracy.",
    ]
    if survey.milliseconds:
        lines.append(
            f"ms: median time of the proxy alone, including building the network, over {survey.timed} of "
            "the cells, one thread, with the batch above. Proxies that are computed together share passes "
            "and take less time."
        )
    return lines


def _summary(
    survey: Survey, cells: str, title: str, milliseconds: Mapping[str, float] | None = None
) -> Table:
    at, entry = survey.ranking.at, survey.ranking.cells[cells]
    there = {column.name for column in survey.columns}
    strong = [name for name in STRONG if name in there]
    plain = [name for name in HEADLINE if name in there]
    head = [
        "proxy",
        *(HEADLINE[name] for name in plain),
        *strong,
        *(f"{HEADLINE[name]}, given live parameters" for name in plain),
        "n",
        "failed",
        *(("ms",) if milliseconds else ()),
    ]

    def texts(proxy: str) -> Sequence[str]:
        return [
            *(value_text(at(proxy, name, cells)) for name in plain),
            *(plain_text(at(proxy, name, cells)) for name in strong),
            *(plain_text(at(proxy, name, cells, GIVEN_SIZE)) for name in plain),
            f"{at(proxy, MEAN, cells).n:,}",
            f"{entry.failures.get(proxy, 0):,}",
            *((_milliseconds(milliseconds.get(proxy, math.nan)),) if milliseconds else ()),
        ]

    note = f"{entry.n:,} of {entry.chosen:,} cells." if entry.common else f"Drawn: {entry.chosen:,} cells."
    return Table(title, note, tuple(head), _rows(survey.ranking, cells, len(head), texts))


def _milliseconds(value: float) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:.1f}" if value < 10 else f"{value:,.0f}"


def _of_columns(ranking: Ranking, names: Sequence[str], title: str, note: str) -> Table:
    def texts(proxy: str) -> Sequence[str]:
        values = [plain_text(ranking.at(proxy, name, REPORT)) for name in names]
        return [*values, f"{ranking.at(proxy, MEAN, REPORT).n:,}"]

    head = ("proxy", *names, "n")
    return Table(title, note, head, _rows(ranking, REPORT, len(head), texts) if names else ())


def _rows(
    ranking: Ranking, cells: str, width: int, texts: Callable[[str], Sequence[str]]
) -> tuple[tuple[str, ...], ...]:
    """Rows on the common cells, a line between, rows on their own cells."""
    common = ranking.cells[cells].common
    order = ranking.order(CLEAN, REPORT)
    above, below = (
        [(f"`{proxy}`", *texts(proxy)) for proxy in order if (proxy in common) is shared]
        for shared in (True, False)
    )
    line = [("*below: each on its own cells*", *[""] * (width - 1))] if below else []
    return (*above, *line, *below)


def _published(survey: Survey) -> Table:
    note = ""
    if survey.basis["published"] is not None:
        name, _, scoring = survey.basis["published"]
        note = (
            f"Spearman's rho between our raw scores and those of {name} (NAS-Bench-Suite-Zero) on "
            f"{scoring['cells']:,} of its cells. Weights and images differ from theirs; the sizes depend on "
            "neither. n excludes cells that lack one of the values."
        )

    def known(agreement: Agreement) -> str:
        remarks = [agreement.known] if agreement.known else []
        if agreement.differing is not None:
            same = f"equal on all {agreement.n:,}"
            remarks.append(
                f"{agreement.differing:,} of {agreement.n:,} differ" if agreement.differing else same
            )
        if agreement.failed:
            remarks.append(f"ours failed on {agreement.failed:,}: {agreement.reason}")
        if agreement.published_failed:
            remarks.append(f"theirs failed on {agreement.published_failed:,}")
        return "; ".join(remarks)

    rows = [(f"`{a.spec}`", a.column, f"{a.n:,}", rho_text(a.rho), known(a)) for a in survey.agreements]
    head = ("proxy", "published column", "n", "rho", "remarks")
    return Table("Against published scores", note, head, tuple(rows), prose=True)


def _catalogue(survey: Survey) -> Table:
    rows = []
    for entry in survey.entries:
        needs = [n for n in ("labels", "gradients", "images") if getattr(entry, n)]
        row = (entry.summary, entry.source, ", ".join(needs) or "nothing", entry.dtype, entry.arguments)
        rows.append((f"`{entry.name}`", *row))
    note = (
        "Images: whether the score depends on the images of the batch; dtype: that of the computation, "
        "`model` for the network's own. An aggregate needs what its components need."
    )
    head = ("proxy", "description", "source", "needs", "dtype", "arguments and defaults")
    return Table("Definitions", note, head, tuple(rows), prose=True)


def _failures(ranking: Ranking) -> Table:
    entry = ranking.cells[BOTH]
    rows = [
        (f"`{proxy}`", f"{entry.failures[proxy]:,} of {entry.chosen:,}", entry.reasons[proxy])
        for proxy in ranking.order(CLEAN, REPORT)
        if proxy in entry.failures
    ]
    note = "Over both halves; cells on which a proxy fails are not ranked by it."
    return Table("Failures", note, ("proxy", "cells", "first reason"), tuple(rows), prose=True)
