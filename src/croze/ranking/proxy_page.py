"""The evidence page on all proxies: a survey as Markdown."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from croze.corruptions.names import CORRUPTIONS
from croze.ranking import Agreement, Half, Standing, Survey
from croze.ranking.columns import CLEAN
from croze.ranking.comparison import Figure
from croze.reporting.table import Table
from croze.reporting.text import interval_text, rho_text
from croze.truth.columns import MEAN_CORRUPTION
from croze.truth.robust_nasbench201 import ATTACKS

Cells = Sequence[str]

HEADLINE = {CLEAN: "clean", "fgsm@8": "FGSM-8", MEAN_CORRUPTION: "corruptions"}
"""The columns that carry intervals and partial rhos, with their headings."""

STRONG = ("pgd@1", "apgd-ce@1", "square@1", "square@8")
"""Columns of stronger attacks in the summary; larger epsilons leave a standard-trained network nothing."""

DIGITS = 12
"""Hex digits of a hash that the page shows."""


@dataclass(frozen=True)
class Scoring:
    """On what cells were scored.

    Attributes:
        data: spec of the data set.
        sampling: how the batch was drawn.
        images: number of images in it.
        batch: its digest.
        cells: number of cells that were drawn.
    """

    data: str
    sampling: str
    images: int
    batch: str
    cells: int


@dataclass(frozen=True)
class Basis:
    """What a survey rests on, for its reader.

    Attributes:
        command: the exact command that made it.
        truth: name of the ground truth.
        dataset: the data set of its accuracies.
        files: SHA-256 of its files by name.
        space: the space and the size of its networks.
        seed: of the draw of cells and of the bootstrap.
        score_seed: of weights, batch and noise.
        scoring: of the truth's cells.
        versions: by package.
        published: name and SHA-256 of the file of published scores, and what its cells were scored on; None
            without.
    """

    command: str
    truth: str
    dataset: str
    files: Mapping[str, str]
    space: str
    seed: int
    score_seed: int
    scoring: Scoring
    versions: Mapping[str, str]
    published: tuple[str, str, Scoring] | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping."""
        published = None
        if self.published is not None:
            name, sha256, scoring = self.published
            published = {"file": name, "sha256": sha256, **vars(scoring)}
        return {**vars(self), "scoring": dict(vars(self.scoring)), "published": published}


def render(survey: Survey, basis: Basis) -> str:
    """The page, ending with a newline."""
    blocks = [
        "# The proxies, measured",
        "Proxies and named aggregates of croze on the same cells, against all that "
        f"{basis.truth} measures on {basis.dataset}. This page is written by a command; do not edit it:",
        f"```console\n$ {basis.command}\n```",
        _rests_on(survey, basis),
        _how_to_read(survey),
        _reached(survey),
        *(sheet.markdown() for sheet in sheets(survey, basis)),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def sheets(survey: Survey, basis: Basis) -> list[Table]:
    """All tables of the page in order; those with nothing to show are left out."""
    order = ranking(survey)
    found = [
        _summary(survey.report, "Summary: the report half", order, survey.milliseconds),
        _summary(survey.choose, "The same on the choose half", order),
        _attacks(survey.report, order),
        _corruptions(survey.report, order),
        _published(survey.agreements, basis),
        _catalogue(survey),
        _failures(survey, order),
    ]
    return [sheet for sheet in found if sheet.rows]


def ranking(survey: Survey) -> dict[str, int]:
    """The place of each criterion in every table: by rho with clean accuracy on the report half."""

    def place(standing: Standing) -> tuple[bool, float]:
        rho = standing.figure(CLEAN).rho
        return (math.isnan(rho), -rho)

    return {s.criterion: i for i, s in enumerate(sorted(survey.report.standings, key=place))}


def figure_text(figure: Figure) -> str:
    """A rho with its interval, where it has one."""
    return interval_text(figure.rho, figure.low, figure.high)


def milliseconds_text(value: float) -> str:
    """A time with two figures where it is short; `-` where there is none."""
    if math.isnan(value):
        return "-"
    return f"{value:.1f}" if value < 10 else f"{value:,.0f}"


def _rests_on(survey: Survey, basis: Basis) -> str:
    drawn = basis.scoring
    files = ", ".join(f"{name} {digest[:DIGITS]}" for name, digest in basis.files.items())
    versions = ", ".join(f"{name} {version}" for name, version in basis.versions.items())
    lines = [
        f"- cells: {survey.choose.chosen:,} of the choose half and {survey.report.chosen:,} of the report "
        f"half, distinct up to isomorphism, seed {basis.seed}; networks: {basis.space}, untrained, seed "
        f"{basis.score_seed}",
        f"- scored on: {_images(drawn)}",
    ]
    if basis.published is not None:
        name, digest, scoring = basis.published
        lines.append(
            f"- published scores: {name} (SHA-256 {digest[:DIGITS]}), {scoring.cells:,} of its cells, seed "
            f"{basis.seed}, scored on {_images(scoring)}"
        )
    lines += [f"- {versions}", f"- files of the truth (SHA-256): {files}"]
    return "\n".join(lines)


def _images(scoring: Scoring) -> str:
    return (
        f"{scoring.images} images of {scoring.data}, drawn {scoring.sampling} "
        f"(batch {scoring.batch[:DIGITS]})"
    )


def _how_to_read(survey: Survey) -> str:
    report = survey.report
    lines = [
        "- A figure is Spearman's rho of the score with the measured accuracy, turned so that the better end "
        "of the proxy counts as high; `-` where there is none, because the score is the same for all cells "
        "or it succeeded on fewer than three.",
        "- What is tuned is tuned on the choose half: figures to quote are those of the report half.",
        "- A corruption's figure is the mean of rho over its five severities; *corruptions* is rho with the "
        "mean accuracy over all 15 and their severities. *Given live parameters* is the partial rho with the "
        "number of parameters that a gradient "
        "reaches held fixed: what is left when size is known; `-` for a score that orders the cells as this "
        "number does. `fgsm@8` is the accuracy under FGSM of "
        "epsilon 8/255.",
        f"- Brackets hold the {report.level:.0%} bootstrap interval ({report.resamples:,} resamples of the "
        f"cells, seed {report.seed}).",
        "- Rows of a table rest on the same cells, those on which every proxy that fails on fewer than 5% of "
        "the cells succeeded. A proxy that fails more often stands below the line, on the cells where it "
        "succeeded, and its figures are not comparable with the others to the last digit. Every row says its "
        "n and on how many of the drawn cells it failed.",
        "- An aggregate ranks the drawn cells of the half among each other; its interval keeps these ranks. "
        "All tables have the order of the first: by clean accuracy.",
    ]
    if survey.milliseconds:
        lines.append(
            "- ms: median time that the proxy takes alone, building the network included, over "
            f"{survey.timed} of the cells, one thread, with the batch above. Asked for together, proxies "
            "share passes and cost less."
        )
    return "## How to read it\n\n" + "\n".join(lines)


def _reached(survey: Survey) -> str:
    if not survey.outcomes:
        return ""
    lines = []
    for outcome in survey.outcomes:
        target = outcome.target
        what = HEADLINE[target.column] + (" given live parameters" if target.partial else "")
        verdict = "reached" if outcome.met else "no value" if math.isnan(outcome.value) else "missed"
        aim = f"at least {rho_text(target.least)} wanted"
        lines.append(f"- {what}: {rho_text(outcome.value)}, {aim}: {verdict}")
    met = sum(outcome.met for outcome in survey.outcomes)
    return (
        f"## What `croze-robust` was to reach\n\nOn the report half, {met} of {len(lines)} reached:\n\n"
        + "\n".join(lines)
    )


def _summary(
    half: Half, title: str, order: Mapping[str, int], milliseconds: Mapping[str, float] | None = None
) -> Table:
    strong = [name for name in STRONG if name in half.columns]
    plain = [name for name in HEADLINE if name in half.columns]
    head = [
        "proxy",
        *(HEADLINE[name] for name in plain),
        *strong,
        *(f"{HEADLINE[name]}, given live parameters" for name in plain),
        "n",
        "failed",
    ]
    if milliseconds:
        head.append("ms")

    def cells(standing: Standing) -> Cells:
        texts = [figure_text(standing.figure(name)) for name in plain]
        texts += [rho_text(standing.figure(name).rho) for name in strong]
        texts += [rho_text(standing.figure(name).partial) for name in plain]
        texts += [f"{standing.n:,}", f"{standing.failures:,}"]
        if milliseconds:
            texts.append(milliseconds_text(milliseconds.get(standing.criterion, math.nan)))
        return texts

    note = f"{half.cells:,} of {half.chosen:,} cells."
    if not any(standing.common for standing in half.standings):
        note = f"Drawn: {half.chosen:,} cells."
    return Table(title, note, tuple(head), _rows(half, order, len(head), cells))


def _attacks(half: Half, order: Mapping[str, int]) -> Table:
    names = [name for name in half.columns if name.partition("@")[0] in ATTACKS.values()]
    return _of_columns(
        half, order, names, "Attacks by epsilon (report half)", "Epsilon in 1/255, after the @."
    )


def _corruptions(half: Half, order: Mapping[str, int]) -> Table:
    names = [name for name in half.columns if name in CORRUPTIONS]
    return _of_columns(
        half, order, names, "Corruptions (report half)", "Mean of rho over the five severities."
    )


def _of_columns(half: Half, order: Mapping[str, int], names: Sequence[str], title: str, note: str) -> Table:
    head = ("proxy", *names, "n")

    def cells(standing: Standing) -> Cells:
        return [*(rho_text(standing.figure(name).rho) for name in names), f"{standing.n:,}"]

    return Table(title, note, head, _rows(half, order, len(head), cells) if names else ())


def _rows(
    half: Half, order: Mapping[str, int], width: int, cells: Callable[[Standing], Cells]
) -> tuple[tuple[str, ...], ...]:
    """Rows on the common cells, a line between, rows on their own cells."""
    ordered = sorted(half.standings, key=lambda standing: order[standing.criterion])
    above, below = (
        [(f"`{s.criterion}`", *cells(s)) for s in ordered if s.common is common] for common in (True, False)
    )
    line = [("*below: each on its own cells*", *[""] * (width - 1))] if below else []
    return (*above, *line, *below)


def _published(agreements: Sequence[Agreement], basis: Basis) -> Table:
    note = ""
    if basis.published is not None:
        name, _, scoring = basis.published
        note = (
            f"Spearman's rho of our raw scores with those of {name} (NAS-Bench-Suite-Zero's) on "
            f"{scoring.cells:,} of its cells. Weights and images differ from theirs; the sizes depend on "
            "neither. n leaves out cells without a value on either side."
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

    rows = [(f"`{a.spec}`", a.column, f"{a.n:,}", rho_text(a.rho), known(a)) for a in agreements]
    head = ("proxy", "their column", "n", "rho", "what is known")
    return Table("Against published scores", note, head, tuple(rows), prose=True)


def _catalogue(survey: Survey) -> Table:
    rows = []
    for entry in survey.entries:
        needs = [n for n in ("labels", "gradients", "images") if getattr(entry, n)]
        row = (entry.summary, entry.source, ", ".join(needs) or "nothing", entry.dtype, entry.arguments)
        rows.append((f"`{entry.name}`", *row))
    note = (
        "Images: whether those of the batch enter; dtype: what it computes in, `model` for the network's own."
        " An aggregate needs what its parts need."
    )
    head = ("proxy", "what it is", "source", "needs", "dtype", "arguments and defaults")
    return Table("What each is", note, head, tuple(rows), prose=True)


def _failures(survey: Survey, order: Mapping[str, int]) -> Table:
    rows = []
    for standing in sorted(survey.both.standings, key=lambda s: order[s.criterion]):
        if standing.failures:
            count = f"{standing.failures:,} of {survey.both.chosen:,}"
            rows.append((f"`{standing.criterion}`", count, standing.reason))
    note = "Over both halves; a cell on which a proxy fails is never ranked by it."
    return Table("Failures", note, ("proxy", "cells", "the first because"), tuple(rows), prose=True)
