"""What the verbs share: scores with a progress bar, and an outcome as text, JSON, figure and page."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from croze.cli.options import check_page
from croze.cli.output import emit_json
from croze.cli.progress import Bars
from croze.files import write_text
from croze.provenance import provenance
from croze.proxies import Criterion, merits, parts_of
from croze.ranking.scored import DIGITS, Scored, Scoring, score_cells
from croze.reporting.chart import Chart, check_plot
from croze.reporting.page import Page
from croze.reporting.table import Table
from croze.scoring.evaluator import Evaluator
from croze.truth import Truth


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a verb found: for the page (title, about, notes), JSON (result), the terminal (remarks) and all
    (tables).

    The basis is what it rests on, a line each; versions of packages are added.
    """

    title: str
    about: str
    result: Mapping[str, Any]
    basis: Sequence[str]
    tables: Sequence[Table]
    notes: Sequence[str] = ()
    chart: Chart | None = None
    remarks: Sequence[str] = ()

    def publish(
        self, terminal: Console, json: str | None, *, plot: Path | None = None, page: Path | None = None
    ) -> None:
        """Print it, and write the files that were asked for; CrozeError when one cannot be written."""
        made = provenance()
        basis = [*self.basis, ", ".join(f"{name} {version}" for name, version in made["versions"].items())]
        emit_json(json, {**self.result, "basis": basis, "provenance": made})
        for line in self.remarks:
            terminal.print(line)
        for table in self.tables:
            terminal.print(table)
        if plot is not None and self.chart is not None:
            self.chart.save(plot)
        if page is not None:
            link = "" if plot is None else Path(os.path.relpath(plot, page.parent)).as_posix()
            caption = "" if self.chart is None else self.chart.reading
            described = Page(
                self.title, self.about, made["command"], basis, self.notes, self.tables, link, caption
            )
            write_text(page, described.markdown())
        written = ", ".join(str(path) for path in (plot, page) if path is not None)
        if written:
            terminal.print(f"Written: {written}")


def check_files(*, plot: Path | None = None, page: Path | None = None) -> None:
    """Find out before any work whether the files that were asked for can be written; CrozeError when not."""
    check_page(page)
    if plot is not None:
        check_plot(plot)


def scores_of(
    evaluator: Evaluator,
    architectures: Sequence[str],
    criteria: Sequence[Criterion],
    folder: str | Path,
    workers: int,
    terminal: Console,
    devices: Sequence[str] = (),
) -> Scored:
    """Scores of these architectures by all parts of the criteria, kept in the folder."""
    with Bars(terminal) as watch:
        parts = parts_of(criteria)
        return score_cells(
            evaluator, folder, architectures, parts, workers=workers, devices=devices, watch=watch
        )


def scoring_text(evaluator: Evaluator, data: str, sampling: str = "balanced") -> str:
    """Of what, from which seed and on which images scores are."""
    how = "balanced over the classes" if sampling == "balanced" else "at random"
    batch = evaluator.batch
    scoring = Scoring(data, how, len(batch), batch.digest(), 0)
    return f"{evaluator.space!r}, untrained, weights from seed {evaluator.seed}, on {scoring}"


def merits_of(
    evaluator: Evaluator,
    architectures: Sequence[str],
    criteria: Sequence[Criterion],
    folder: str | Path,
    workers: int,
    terminal: Console,
) -> dict[str, NDArray[np.float64]]:
    """By proxy `(n,)`: higher is better, NaN where it failed; the first reason of a failure is printed."""
    scored = scores_of(evaluator, architectures, criteria, folder, workers, terminal)
    for criterion in criteria:
        reason = scored.first_reason(criterion, architectures)
        if reason:
            terminal.print(f"{criterion.spec} failed on some cells, the first because: {reason}")
    return merits(criteria, scored.values)


def files_text(truth: Truth) -> str:
    """The files of a truth with the first digits of their SHA-256."""
    return ", ".join(f"{name} {digest[:DIGITS]}" for name, digest in truth.provenance.sha256.items())
