"""Table 5: how good the cells are that each set of CRoZe's components ranks first.

On NAS-Bench-201 they are looked up. The paper's values are those of the cell of 3x3 convolutions on all
edges: 93.70 clean, 56.93 the mean over 15 corruptions and five severities, 45.80 FGSM at 8/255, 61.53 the
HRS. On DARTS the paper searches once for each set; here all sets choose from the same random candidates, and
the winners are trained.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from croze.cli import options, training_options
from croze.cli.output import console
from croze.cli.progress import Bars, opened_truth
from croze.data import load_batch
from croze.errors import CrozeError
from croze.paper.forms import Best, best_by_set, find_forms, sets_of
from croze.paper.options import AllCells, Forms, sample_of
from croze.paper.output import Outcome, check_files, files_text, scores_of, scoring_text
from croze.paper.printed import printed
from croze.pool.run import PoolPlan
from croze.proxies.croze.form import CrozeForm
from croze.ranking.scored import Scored
from croze.reporting.table import Table
from croze.reporting.text import interval_text
from croze.robustness.metrics import harmonic_robustness
from croze.robustness.plan import plan_evaluation
from croze.scoring.evaluator import Evaluator
from croze.scoring.population import draw
from croze.spaces import open_space
from croze.stats.bootstrap import bootstrap_spearman, percentile_interval
from croze.stats.correlation import MINIMUM
from croze.truth import Truth, open_truth, select
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

TERMS = (
    "F, P and G are the consistency terms of features, parameters and gradients; a term that is not in the "
    "set is replaced by the factor 1."
)

MEASURED = (
    "CC is the mean accuracy over 15 corruptions and five severities, FGSM-8 the accuracy under FGSM with "
    "epsilon 8/255, HRS the harmonic mean of clean and FGSM-8, Avg. the mean of these four."
)

Interval = tuple[float, float, float]
"""Spearman's rho and the ends of its bootstrap interval; NaN where undefined."""


@dataclass(frozen=True, eq=False)
class Row:
    """One set of one form: what it ranks first, the values of that cell by `COLUMNS`, in [0, 1].

    `rank` is its place by average among all chosen cells, `behind` how much better the best of them is. rho
    is by `RANKED`, over the n cells on which every set of the form succeeded.
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
    """The rows by form, and the chosen cell that is best by average (`oracle`) with its values."""

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


def values_of(truth: Truth) -> dict[str, Floats]:
    """The columns of Table 5 for every architecture of a truth, in [0, 1]; CrozeError where one lacks."""
    found = {name: np.asarray(truth.values(column)) for name, column in RANKED.items()}
    pairs = zip(found["clean"].tolist(), found["fgsm"].tolist(), strict=True)
    found["hrs"] = np.array([harmonic_robustness(clean, robust) for clean, robust in pairs])
    found["avg"] = np.mean(list(found.values()), axis=0)
    return found


def component_sets(
    truth: Truth,
    positions: NDArray[np.int64],
    sets: Mapping[str, Mapping[str, CrozeForm]],
    scored: Scored,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> ComponentSets:
    """Look up what every set of every form ranks first, of the cells at these positions, `(k,)`."""
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
    """CrozeError, before any cell is scored, without a form or with fewer cells than a correlation needs."""
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
    """For each form its winners and how it ranks, then the cells that were chosen, then what failed."""
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
        f"{TERMS} All sets of a form select from the same cells, those on which every set succeeded.",
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
    truth: options.Truth,
    dataset: options.DataSet = "cifar10",
    data: options.Data = "digits",
    form: Forms = "croze-paper,croze-official",
    sample: Annotated[
        int | None, typer.Option(min=1, help="Number of distinct cells to draw.  [default: all]")
    ] = None,
    all_cells: AllCells = False,
    seed: options.SampleSeed = 0,
    score_seed: options.ScoreSeed = 0,
    resamples: options.Resamples = 1000,
    batch_size: options.BatchSize = 8,
    channels: options.Channels = 16,
    cells_per_stage: options.Cells = 5,
    workers: options.Workers = 0,
    out: options.ScoreFolder = "runs/table5",
    page: options.PageFile = None,
    json: options.Json = None,
) -> None:
    """Select a cell by each set of CRoZe's components and look up its accuracies.

    The NAS-Bench-201 half of Table 5 in the paper, with the rank correlation of each set over all cells. An
    interrupted command continues when it is run again.
    """
    folder = options.folder_of(out)
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


Chosen = Mapping[str, Mapping[str, Best]]
"""By form and set of components, what it ranks first."""


@dataclass(frozen=True)
class TrainedRow:
    """One set of one form: what it ranks first, and the trained network's values, by `COLUMNS`, in [0, 1].

    The values are None where its training failed.
    """

    form: str
    components: str
    best: Best
    values: Mapping[str, float] | None


def choose(
    architectures: Sequence[str], sets: Mapping[str, Mapping[str, CrozeForm]], scored: Scored
) -> Chosen:
    """What each set of each form ranks first; CrozeError when no architecture has a score under every set."""
    found = {}
    for form, own in sets.items():
        try:
            scores = {name: scored.values[proxy.spec] for name, proxy in own.items()}
            found[form] = best_by_set(architectures, scores)
        except CrozeError as problem:
            reasons = [scored.first_reason(proxy, architectures) for proxy in own.values()]
            reason = next((reason for reason in reasons if reason), "unknown")
            raise CrozeError(f"{form}: {problem} The first reason: {reason}.") from None
    return found


def trained_tables(rows: Sequence[TrainedRow], *, comparable: bool) -> list[Table]:
    """A table for each form, and what was chosen."""
    paper = printed("table5/darts")
    made = []
    for form in dict.fromkeys(row.form for row in rows):
        own = [row for row in rows if row.form == form]
        lines = []
        for row in own:
            texts = ["failed"] * len(COLUMNS)
            if row.values is not None:
                theirs = {n: paper.value(row.components, n) if comparable else None for n in COLUMNS}
                texts = [value_text(row.values[name], theirs[name]) for name in COLUMNS]
            lines.append((row.components, *texts))
        note = f"Selected from {own[0].best.among:,} candidates."
        head = ("components", *COLUMNS.values())
        made.append(Table(f"{form}: selected genotypes after training", note, head, tuple(lines)))
    who = []
    for name in dict.fromkeys(row.best.architecture for row in rows):
        by = ", ".join(f"{row.form} {row.components}" for row in rows if row.best.architecture == name)
        who.append((f"`{name}`", by))
    head = ("architecture", "chosen by")
    return [*made, Table("The chosen architectures", "", head, tuple(who), prose=True)]


def trained_notes(*, comparable: bool) -> list[str]:
    """How to read the tables, a line each."""
    lines = [
        f"{TERMS} All sets select from the same candidates, drawn at random.",
        MEASURED,
    ]
    if comparable:
        lines.append(
            "In brackets: the printed value and our difference to it. The paper's networks result from a "
            "search of 5,000 candidates with moves for each set, have 20 cells and 36 channels, and are "
            "trained for 200 epochs on all images."
        )
    return lines


def table5_darts(
    space: options.SpaceName = "darts",
    sample: Annotated[
        int, typer.Option(min=1, help="Number of candidates to draw; 5,000 in the paper.")
    ] = 1000,
    form: Forms = "croze-official",
    recipe: Annotated[str, typer.Option(help="Training recipe; standard in the paper.")] = "standard",
    epochs: training_options.Epochs = None,
    settings: training_options.RecipeSettings = None,
    data: options.Data = "digits",
    dataset: Annotated[
        str, typer.Option(help="Name of the data set; cifar10 adds the printed values.")
    ] = "own",
    images: training_options.TrainingImages = None,
    test_data: training_options.TestData = None,
    test_images: training_options.TestImages = 10000,
    seed: Annotated[
        int,
        typer.Option(
            min=0, max=options.MAX_SEED, help="Seed of candidates, weights, batch, split and order."
        ),
    ] = 0,
    batch_size: options.BatchSize = 8,
    channels: options.SpaceChannels = None,
    cells: options.SpaceCells = None,
    layers: options.SpaceLayers = None,
    workers: options.Workers = 0,
    device: options.Devices = None,
    out: Annotated[
        str, typer.Option(help="Folder of scores and trainings; the same command resumes from what is there.")
    ] = ("runs/table5-darts"),
    page: options.PageFile = None,
    json: options.Json = None,
) -> None:
    """Score candidates; train and evaluate the best by each set of components (Table 5, DARTS).

    Clean accuracy, the mean over corruptions, FGSM at 8/255, HRS and their average. An interrupted command
    continues when it is run again.
    """
    folder = options.folder_of(out)
    check_files(page=page)
    sets = sets_of(find_forms(form))
    chosen_recipe = training_options.recipe_of(recipe, settings, epochs=epochs)
    devices = options.devices_of(device)
    own = training_options.space_settings(channels=channels, cells=cells, layers=layers)
    with redirect_stdout(sys.stderr):  # what a user's file prints is not part of the result
        opened = open_space(space, **dict(own))
    terminal = console(json)
    candidates = draw(opened, sample, seed)
    kind = devices[0].partition(":")[0] if devices else "cpu"
    batch = load_batch(data, size=batch_size, seed=seed)
    proxies = [proxy for by_set in sets.values() for proxy in by_set.values()]
    scored = scores_of(
        Evaluator(opened, batch, seed, scores_from=kind),
        candidates,
        proxies,
        folder / "scores",
        workers,
        terminal,
        devices,
    )
    best = choose(candidates, sets, scored)
    winners = list(dict.fromkeys(one.architecture for by_set in best.values() for one in by_set.values()))
    run = PoolPlan(
        folder=folder / "trained", space=space, settings=own, recipe=chosen_recipe,
        plan=plan_evaluation("fgsm", "8/255", "none", [], "all"), seed=seed, data=data, images=images,
        test_data=test_data, test_images=test_images, workers=workers, devices=devices,
    )  # fmt: skip
    with redirect_stdout(sys.stderr), Bars(terminal) as bars:
        trained = run.train(winners, bars)
    truth = open_truth(f"pool:{folder / 'trained'}", dataset)
    measured = values_of(truth)
    rows = []
    for name, by_set in best.items():
        for components, one in by_set.items():
            there = one.architecture in truth.architectures
            place = truth.architectures.index(one.architecture) if there else 0
            values = {key: float(measured[key][place]) for key in COLUMNS} if there else None
            rows.append(TrainedRow(name, components, one, values))
    comparable = opened.name == "darts" and dataset == "cifar10"
    Outcome(
        title="CRoZe's components on DARTS",
        about="The genotypes that each set of CRoZe's components selects, trained and evaluated: the "
        "DARTS half of Table 5.",
        result={"rows": [asdict(row) for row in rows]},
        basis=[
            f"candidates: {sample:,} distinct ones of {opened!r}, drawn with seed {seed}",
            f"scores: untrained, weights from seed {seed}, on {batch_size} images of {data}",
            f"training: {chosen_recipe.method}, {chosen_recipe.epochs} epochs on {images or 'all'} images of "
            f"{data}",
            f"evaluation: {trained.members[0].result.images['clean']:,} images of "
            f"{test_data or 'the same, set aside'}",
            *(f"failed: {name}: {reason}" for name, reason in trained.failures.items()),
        ],
        tables=trained_tables(rows, comparable=comparable),
        notes=trained_notes(comparable=comparable),
    ).publish(terminal, json, page=page)
