"""Table 5, NAS-Bench-201: how good the cells are that each set of CRoZe's components ranks first.

The values are those that the paper prints for NAS-Bench-201, as far as they are known: of the cell whose
clean accuracy is 93.70 (all edges 3x3 convolutions), 56.93 is the mean accuracy over the 15 corruptions and
their five severities, 45.80 is FGSM at epsilon 8/255, and 61.53 the harmonic mean of clean and FGSM.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from croze.cli.options import (
    BatchSize,
    Cells,
    Channels,
    Data,
    DataSet,
    Json,
    PageFile,
    Resamples,
    SampleSeed,
    ScoreFolder,
    ScoreSeed,
    Truth,
    Workers,
    folder_of,
)
from croze.cli.output import console
from croze.cli.progress import opened_truth
from croze.data import load_batch
from croze.errors import CrozeError
from croze.paper.forms import Best, best_by_set, find_forms, sets_of
from croze.paper.options import AllCells, Forms, sample_of
from croze.paper.output import Outcome, check_files, files_text, scores_of, scoring_text
from croze.paper.printed import printed
from croze.proxies.croze.form import CrozeForm
from croze.ranking.scored import Scored
from croze.reporting.table import Table
from croze.reporting.text import interval_text
from croze.robustness.metrics import harmonic_robustness
from croze.scoring.evaluator import Evaluator
from croze.spaces import open_space
from croze.stats.bootstrap import bootstrap_spearman, percentile_interval
from croze.stats.correlation import MINIMUM
from croze.truth import Truth as GroundTruth
from croze.truth import select
from croze.truth.columns import CLEAN, MEAN_CORRUPTION

Floats = NDArray[np.float64]

RANKED = {"clean": CLEAN, "cc": MEAN_CORRUPTION, "fgsm": "fgsm@8"}
"""The measured columns, and what a truth calls them."""

COLUMNS = {"clean": "clean", "cc": "CC", "fgsm": "FGSM-8", "hrs": "HRS", "avg": "Avg."}
"""The columns of Table 5 with their headings; the average is over the other four."""

PRINTED_CELL = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"
)
"""The cell that has the values which the paper prints for every set but F."""

LEVEL = 0.95
"""Of the bootstrap intervals."""

Interval = tuple[float, float, float]
"""Spearman's rho and the ends of its bootstrap interval; NaN where undefined."""


@dataclass(frozen=True, eq=False)
class Row:
    """One set of one form.

    Attributes:
        form: spec of the form.
        components: the set, by its name in `SETS`.
        proxy: spec of the form with these components.
        best: what it ranks first.
        values: of that cell, by `COLUMNS`, in [0, 1].
        rank: its place by average among all chosen cells, the best being 1.
        behind: how much better the best of them is by average.
        rho: by `RANKED`, over the n cells on which every set of the form succeeded.
        n: their number.
        failures: on how many of the chosen cells this set failed.
        reason: why on the first of these; empty without.
    """

    form: str
    components: str
    proxy: str
    best: Best
    values: Mapping[str, float]
    rank: int
    behind: float
    rho: Mapping[str, Interval]
    n: int
    failures: int
    reason: str


@dataclass(frozen=True, eq=False)
class ComponentSets:
    """The table.

    Attributes:
        rows: by form, in the order of `SETS`.
        oracle: the chosen cell that is best by average, and its values.
        chosen: number of cells.
        resamples, seed: of the bootstrap.
    """

    rows: tuple[Row, ...]
    oracle: tuple[str, Mapping[str, float]]
    chosen: int
    resamples: int
    seed: int

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping, accuracies in [0, 1]; NaN as None."""
        rows = []
        for row in self.rows:
            rho = {k: [None if math.isnan(end) else end for end in found] for k, found in row.rho.items()}
            rows.append(asdict(row) | {"rho": rho})
        return {
            "cells": self.chosen,
            "bootstrap": {"resamples": self.resamples, "seed": self.seed, "level": LEVEL},
            "rows": rows,
            "best_by_average": {"architecture": self.oracle[0], "values": dict(self.oracle[1])},
        }


def values_of(truth: GroundTruth) -> dict[str, Floats]:
    """The columns of Table 5 for every architecture of a truth, in [0, 1].

    Raises:
        CrozeError: when the truth lacks one of the measured columns.
    """
    found = {name: np.asarray(truth.values(column)) for name, column in RANKED.items()}
    pairs = zip(found["clean"].tolist(), found["fgsm"].tolist(), strict=True)
    found["hrs"] = np.array([harmonic_robustness(clean, robust) for clean, robust in pairs])
    found["avg"] = np.mean(list(found.values()), axis=0)
    return found


def component_sets(
    truth: GroundTruth,
    positions: NDArray[np.int64],
    sets: Mapping[str, Mapping[str, CrozeForm]],
    scored: Scored,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> ComponentSets:
    """Look up what every set of every form ranks first.

    Args:
        truth: with the columns of `RANKED`.
        positions: of the cells, shape `(k,)`, from `select`.
        sets: as `sets_of`.
        scored: scores of these cells by every set.
        resamples, seed: of the bootstrap over cells.

    Raises:
        CrozeError: no form, too few cells, or a column that the truth lacks.
    """
    values = {name: column[positions] for name, column in values_of(truth).items()}
    check_count(sets, positions)
    architectures = [truth.architectures[i] for i in positions]
    place = {architecture: i for i, architecture in enumerate(architectures)}
    top = int(values["avg"].argmax())
    rows = []
    for form, own in sets.items():
        scores = {name: scored.values[proxy.spec] for name, proxy in own.items()}
        winners = best_by_set(architectures, scores)
        rho, n = _correlations(scores, values, resamples, seed)
        for name, proxy in own.items():
            i = place[winners[name].architecture]
            rows.append(
                Row(
                    form,
                    name,
                    proxy.spec,
                    winners[name],
                    {key: float(column[i]) for key, column in values.items()},
                    1 + int((values["avg"] > values["avg"][i]).sum()),
                    float(values["avg"][top] - values["avg"][i]),
                    rho[name],
                    n,
                    int(np.isnan(scores[name]).sum()),
                    scored.first_reason(proxy, architectures),
                )
            )
    oracle = (architectures[top], {key: float(column[top]) for key, column in values.items()})
    return ComponentSets(tuple(rows), oracle, len(positions), resamples, seed)


def check_count(sets: Mapping[str, object], positions: NDArray[np.int64]) -> None:
    """Check before any cell is scored that there is a form, and as many cells as a correlation needs.

    Raises:
        CrozeError: when there are too few.
    """
    if not sets or len(positions) < MINIMUM:
        raise CrozeError(
            f"Component sets need a form and at least {MINIMUM} cells, got {len(sets)} forms and "
            f"{len(positions)} cells."
        )


def _correlations(
    scores: Mapping[str, Floats], values: Mapping[str, Floats], resamples: int, seed: int
) -> tuple[dict[str, dict[str, Interval]], int]:
    """By set and measured column, on the cells where all sets succeeded; and the number of these."""
    by_set = np.stack(list(scores.values()))
    kept = np.isfinite(by_set).all(axis=0)
    measured = np.stack([values[name] for name in RANKED])
    found = bootstrap_spearman(by_set[:, kept], measured[:, kept], resamples=resamples, seed=seed)
    low, high = percentile_interval(found[1:], LEVEL)
    return {
        name: {
            key: (float(found[0, i, j]), float(low[i, j]), float(high[i, j])) for j, key in enumerate(RANKED)
        }
        for i, name in enumerate(scores)
    }, int(kept.sum())


def tables(found: ComponentSets, *, comparable: bool) -> list[Table]:
    """For each form its winners and how it ranks, then the cells that were chosen, then what failed.

    Args:
        comparable: whether the printed values are of the same benchmark and stand beside ours.
    """
    made = []
    for form in dict.fromkeys(row.form for row in found.rows):
        rows = [row for row in found.rows if row.form == form]
        made += [_winners(found, form, rows, comparable=comparable), _ranking(form, rows)]
    made.append(_cells(found))
    failures = tuple(
        (f"`{row.proxy}`", f"{row.failures:,} of {found.chosen:,}", row.reason)
        for row in found.rows
        if row.failures
    )
    if failures:
        note = "Cells on which a set fails are not ranked by it."
        made.append(Table("Failures", note, ("proxy", "cells", "first reason"), failures, prose=True))
    return made


def _winners(found: ComponentSets, form: str, rows: list[Row], *, comparable: bool) -> Table:
    paper = printed("table5/nasbench201")
    lines = []
    for row in rows:
        texts = [
            value_text(row.values[name], paper.meant(row.components, name) if comparable else None)
            for name in COLUMNS
        ]
        lines.append((row.components, *texts, f"{row.rank:,}", f"{100 * row.behind:.2f}"))
    best = [value_text(found.oracle[1][name], None) for name in COLUMNS]
    lines.append(("*best by Avg.*", *best, "1", "0.00"))
    note = f"Selected from {rows[0].best.among:,} of {found.chosen:,} cells."
    head = ("components", *COLUMNS.values(), "rank", "regret")
    return Table(f"{form}: selected cells", note, head, tuple(lines))


def _ranking(form: str, rows: list[Row]) -> Table:
    lines = tuple(
        (
            row.components,
            *(interval_text(*row.rho[name]) for name in RANKED),
            f"{row.n:,}",
            f"{row.failures:,}",
        )
        for row in rows
    )
    head = ("components", *(f"rho, {COLUMNS[name]}" for name in RANKED), "n", "failed")
    return Table(f"{form}: rank correlation", "", head, lines)


def _cells(found: ComponentSets) -> Table:
    lines = []
    for architecture in dict.fromkeys(row.best.architecture for row in found.rows):
        chosen = [row for row in found.rows if row.best.architecture == architecture]
        sets = {
            form: [row.components for row in chosen if row.form == form] for form in (r.form for r in chosen)
        }
        who = "; ".join(f"{form}: {', '.join(names)}" for form, names in sets.items())
        lines.append((f"`{architecture}`", who, f"{max(row.best.sharing for row in chosen):,}"))
    lines.append((f"`{found.oracle[0]}`", "best by Avg.", ""))
    head = ("cell", "selected by", "cells with the same score")
    return Table("Selected cells", "", head, tuple(lines), prose=True)


def value_text(share: float, paper: float | None) -> str:
    """An accuracy in percent; in brackets what the paper prints, and our difference to it."""
    text = f"{100 * share:.2f}"
    if paper is None:
        return text
    difference = round(100 * share - paper, 2) + 0.0  # never -0.00
    return f"{text} ({paper:.2f}, {difference:+.2f})"


def notes(found: ComponentSets, *, comparable: bool) -> list[str]:
    """How to read the tables, a line each."""
    lines = [
        "F, P and G are the consistency terms of features, parameters and gradients; a term that is not "
        "in the set is replaced by the factor 1. All sets of a form select from the same cells, those on "
        "which every set succeeded.",
        "Accuracies are those of the top-ranked cell of each set, looked up and in percent. CC is the "
        "mean over 15 corruptions and five severities, FGSM-8 the accuracy under FGSM with epsilon 8/255, "
        "HRS the harmonic mean of clean and FGSM-8, Avg. the mean of these four.",
        "*Rank* is the rank of this cell by Avg. among all drawn cells, 1 being the best; *regret* is the "
        "difference of its Avg. to the best one, in percentage points.",
        "Rank correlation: Spearman's rho with the measured accuracies over all n cells, in brackets the "
        f"95% bootstrap interval ({found.resamples:,} resamples of the cells, seed {found.seed}). The "
        "accuracy of a single cell is weak evidence; these correlations are stronger.",
    ]
    if comparable:
        lines.append(
            "In brackets after an accuracy: the printed value of Table 5 and our difference to it. The "
            "definitions above reproduce the printed row of the cell with 3x3 convolutions on all edges, "
            "except for Avg.: the paper prints 53.33 and 54.49, the mean of its four values is 63.33 and "
            "64.49, which is used here."
        )
    return lines


def table5(
    truth: Truth,
    dataset: DataSet = "cifar10",
    data: Data = "digits",
    form: Forms = "croze-paper,croze-official",
    sample: Annotated[
        int | None, typer.Option(min=1, help="Number of distinct cells to draw.  [default: all]")
    ] = None,
    all_cells: AllCells = False,
    seed: SampleSeed = 0,
    score_seed: ScoreSeed = 0,
    resamples: Resamples = 1000,
    batch_size: BatchSize = 8,
    channels: Channels = 16,
    cells_per_stage: Cells = 5,
    workers: Workers = 0,
    out: ScoreFolder = "runs/table5",
    page: PageFile = None,
    json: Json = None,
) -> None:
    """Select a cell by each set of CRoZe's components and look up its accuracies.

    The NAS-Bench-201 half of Table 5 in the paper, with the rank correlation of each set over all cells. An
    interrupted command continues when it is run again.
    """
    folder = folder_of(out)
    check_files(page=page)
    sets = sets_of(find_forms(form))
    terminal = console(json)
    known = opened_truth(truth, dataset, terminal)
    sample = sample_of(sample, all_cells=all_cells)
    positions = select(known, sample, seed, "distinct")
    check_count(sets, positions)
    batch = load_batch(data, size=batch_size, seed=score_seed)
    evaluator = Evaluator(
        open_space(known.space, channels=channels, cells=cells_per_stage), batch, score_seed
    )
    architectures = [known.architectures[i] for i in positions]
    proxies = [proxy for own in sets.values() for proxy in own.values()]
    scored = scores_of(evaluator, architectures, proxies, folder, workers, terminal)
    found = component_sets(known, positions, sets, scored, resamples=resamples, seed=seed)
    comparable = (known.space, known.dataset) == ("nasbench201", "cifar10")
    drawn = "all" if sample is None else f"drawn with seed {seed} from {len(known.distinct):,}"
    if comparable and PRINTED_CELL not in architectures:
        drawn += (
            "; the cell with 3x3 convolutions on all edges, which all of the paper's sets except F "
            "select, is not among them, so the differences to the paper mean little here"
        )
    Outcome(
        title="Ablation of CRoZe's components",
        about="The cell that each set of CRoZe's three components ranks first, and its accuracies in "
        f"{known.name}: the NAS-Bench-201 half of Table 5 in the paper.",
        result={**found.to_json(), "scored_on": evaluator.context},
        basis=[
            f"cells: {found.chosen:,} distinct ones of {known.name}, {known.dataset}, {drawn}",
            f"scores: {scoring_text(evaluator, data)}",
            f"files (SHA-256): {files_text(known)}",
        ],
        tables=tables(found, comparable=comparable),
        notes=notes(found, comparable=comparable),
    ).publish(terminal, json, page=page)
