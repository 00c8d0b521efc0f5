"""Tables 1 and 2: how proxies rank cells after adversarial and after standard training, beside the paper.

For Table 1 the paper trained 500 cells of its own. NAS-RobBench-201 has clean accuracy, FGSM, PGD and
AutoAttack, and nothing for the other attacks; a pool has what it was attacked with. The size of the attacks
is not printed: the networks were trained against 8/255.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from croze.cli import options
from croze.cli.output import console
from croze.cli.progress import Bars, opened_truth
from croze.data import load_batch
from croze.errors import CrozeError
from croze.paper import options as shared
from croze.paper.output import Outcome, check_files, files_text, scoring_text
from croze.paper.printed import printed
from croze.paper.rank_sheets import notes, sheets
from croze.paper.rank_table import Layout, rank_table
from croze.proxies import Criterion, parts_of
from croze.proxies.size import Flops, LiveParams, Params
from croze.ranking.columns import CONVENTIONS, PRINTED, Column, ColumnSet
from croze.ranking.columns import table2 as columns_of_table2
from croze.ranking.criteria import ALL, criteria_of, named_criteria
from croze.ranking.ranking import CONTROL
from croze.ranking.scored import score_cells
from croze.robustness.metrics import harmonic_robustness
from croze.scoring.evaluator import Evaluator
from croze.spaces import open_space
from croze.truth import Truth as GroundTruth
from croze.truth import select
from croze.truth.nasbench201 import SPACE

ATTACKS = ("fgsm", "pgd", "cw", "deepfool", "spsa", "lgv", "autoattack")

HARMONIC = {"hrs_fgsm": "fgsm", "hrs_pgd": "pgd"}
"""Columns that hold the HRS, the harmonic mean of a cell's clean accuracy and that under an attack."""

SAMPLE = 1000
"""Strings that are drawn for Table 2 where nothing else is asked for."""


def table1(
    truth: options.Truth,
    dataset: options.DataSet = "cifar10",
    sample: Annotated[
        int | None, typer.Option(min=1, help="Number of cells to draw.  [default: all]")
    ] = None,
    all_cells: shared.AllCells = False,
    cells: Annotated[
        str, typer.Option(help="distinct: one cell per isomorphism class; all: every string.")
    ] = "distinct",
    epsilon: Annotated[
        str, typer.Option(help="Epsilon of the attacks in 1/255; NAS-RobBench-201 has 8 and 3.")
    ] = "8",
    proxies: shared.RankedProxies = "all",
    given_size: shared.GivenSize = None,
    data: options.Data = "digits",
    batch_size: options.BatchSize = 8,
    sampling: options.Sampling = "random",
    seed: options.SampleSeed = 0,
    score_seed: options.ScoreSeed = 0,
    resamples: options.Resamples = 1000,
    channels: options.SpaceChannels = None,
    cells_per_stage: options.CellsPerStage = None,
    workers: options.Workers = 0,
    out: options.ScoreFolder = "runs/table2",
    page: options.PageFile = None,
    json: options.Json = None,
) -> None:
    """Rank cells by every proxy and compare with accuracies after adversarial training: Table 1.

    --truth nas-robbench201:FILE?ids=META fills clean, FGSM, PGD, their HRS and AutoAttack. Columns of attacks
    that the ground truth lacks stay empty; a pool of `croze pool train` has the attacks of its evaluation.
    """
    terminal = console(json)
    criteria = _criteria(proxies, out, page)
    known, layout = columns_of_table1(opened_truth(truth, dataset, terminal), epsilon)
    count = shared.sample_of(sample, all_cells=all_cells)
    kind = "distinct ones" if cells == "distinct" else "strings"
    _rank_and_publish(
        criteria, known, layout, select(known, count, seed, cells),
        drawn=f"all {kind}" if count is None else f"{kind} drawn with seed {seed}",
        about="Rank correlation of proxies of untrained networks with accuracies after adversarial "
        f"training: Table 1 of the paper, with the accuracies of {known.name} on {known.dataset} "
        f"and attacks at {epsilon}/255. The paper trained 500 cells of its own, which are not "
        "published.",
        given_size=given_size, data=data, batch_size=batch_size, sampling=sampling, seed=seed,
        score_seed=score_seed, resamples=resamples, channels=channels, cells_per_stage=cells_per_stage,
        workers=workers, out=out, page=page, json=json, terminal=terminal,
    )  # fmt: skip


def table2(
    truth: options.Truth,
    dataset: options.DataSet = "cifar10",
    sample: Annotated[
        int | None,
        typer.Option(min=1, help=f"Number of strings to draw.  [default: {SAMPLE}]"),
    ] = None,
    all_cells: shared.AllCells = False,
    proxies: shared.RankedProxies = "all",
    given_size: shared.GivenSize = None,
    data: options.Data = "digits",
    batch_size: options.BatchSize = 8,
    sampling: options.Sampling = "random",
    convention: Annotated[str, typer.Option(help="Corruption groups: paper or usual.")] = "paper",
    seed: options.SampleSeed = 0,
    score_seed: options.ScoreSeed = 0,
    resamples: options.Resamples = 1000,
    channels: options.SpaceChannels = None,
    cells_per_stage: options.CellsPerStage = None,
    workers: options.Workers = 0,
    out: options.ScoreFolder = "runs/table2",
    page: options.PageFile = None,
    json: options.Json = None,
) -> None:
    """Rank cells by every proxy and compare with accuracies after standard training: Table 2.

    For all drawn strings, as the paper counts them, and for distinct cells, on both halves of the cells. The
    printed values of the selected proxies are compared with ours. An interrupted command continues when it
    is run again; --all --proxies params takes minutes, --all with all proxies a day.
    """
    terminal = console(json)
    criteria = _criteria(proxies, out, page)
    known = opened_truth(truth, dataset, terminal)
    count = shared.sample_of(sample, all_cells=all_cells, default=SAMPLE, among=len(known))
    layout = layout_of_table2(known, convention)
    _rank_and_publish(
        criteria, known, layout, select(known, count, seed),
        drawn="all" if count is None else f"drawn with seed {seed} from {len(known):,} strings",
        about="Rank correlation of proxies of untrained networks with accuracies after standard "
        f"training: Table 2 of the paper for {known.dataset}, with the accuracies of {known.name}.",
        remarks=[
            (f"Table 2 on {other}", f"the same command with --dataset {other}, if {known.name} has it")
            for other in PRINTED
            if other != known.dataset
        ],
        given_size=given_size, data=data, batch_size=batch_size, sampling=sampling, seed=seed,
        score_seed=score_seed, resamples=resamples, channels=channels, cells_per_stage=cells_per_stage,
        workers=workers, out=out, page=page, json=json, terminal=terminal,
    )  # fmt: skip


def columns_of_table1(truth: GroundTruth, epsilon: str = "8") -> tuple[GroundTruth, Layout]:
    """The columns of Table 1 that a truth can fill, and the truth with the HRS of every cell.

    `epsilon` is that of the attacks in 1/255. AutoAttack has one size in NAS-RobBench-201, 8/255, which takes
    its place whatever the size of the others.

    Raises:
        CrozeError: a truth of standard training, or one without a column of the table.
    """
    if truth.training == "standard":
        raise CrozeError(
            f"Table 1 is of adversarial training, {truth.name} of standard training: name "
            "nas-robbench201:FILE or a pool, or take `croze reproduce table2`."
        )
    raw = {"clean": "clean"}
    for attack in ATTACKS:
        sized = f"{attack}@{epsilon}"
        raw[attack] = attack if sized not in truth.columns and attack in truth.columns else sized
    columns = dict(truth.columns)
    for name, attack in HARMONIC.items():
        raw[name] = f"{name}@{epsilon}"
        if "clean" in columns and raw[attack] in columns:
            pairs = zip(columns["clean"].tolist(), columns[raw[attack]].tolist(), strict=True)
            columns[raw[name]] = np.array([harmonic_robustness(*pair) for pair in pairs])
    order = [name for name in printed("table1").columns if name in raw]
    filled = tuple(Column(name, ((raw[name],),)) for name in order if raw[name] in columns)
    if not filled:
        raise CrozeError(
            f"{truth.name} fills no column of Table 1: expected clean, or an attack at {epsilon}/255 out of "
            f"{', '.join(ATTACKS)}, got {', '.join(truth.columns) or 'none'}."
        )
    empty = {}
    for name in order:
        needs = ["clean", raw[HARMONIC[name]]] if name in HARMONIC else [raw[name]]
        if raw[name] not in columns:
            lacking = " and ".join(need for need in needs if need not in columns)
            empty[name] = (
                f"{truth.name} as given has no {lacking}; its networks are not published, so hundreds of "
                "cells would have to be trained adversarially: GPU weeks"
            )
    comparable = (truth.space, truth.dataset) == (SPACE, "cifar10")
    return replace(truth, columns=columns), Layout("table1", ColumnSet("none", filled), empty, comparable)


def layout_of_table2(truth: GroundTruth, convention: str = "paper") -> Layout:
    """Table 2 for the data set of a truth of standard training; groups by `convention`, paper or usual."""
    if truth.training == "adversarial":
        raise CrozeError(
            f"Table 2 is of standard training, {truth.name} of adversarial training: name "
            "robust-nb201:FOLDER or a pool, or take `croze reproduce table1`."
        )
    table = columns_of_table2(truth, convention)
    there = {column.name for column in table.columns}
    needs = {"clean": "clean accuracy", "fgsm8": "FGSM at 8/255", "fgsm4": "FGSM at 4/255"}
    needs |= {
        group: f"accuracies under {', '.join(kinds)} at all severities"
        for group, kinds in CONVENTIONS[convention].items()
    }
    empty = {
        name: f"{truth.name} as given has no {needs[name]}"
        for name in PRINTED[truth.dataset]
        if name not in there
    }
    return Layout(f"table2/{truth.dataset}", table, empty, truth.space == SPACE)


def _criteria(proxies: str, out: str, page: Path | None) -> list[Criterion]:
    """The proxies of a table; what cannot be used is found out before any work."""
    options.folder_of(out)
    check_files(page=page)
    return named_criteria() if proxies.strip() == ALL else criteria_of(proxies)


def _rank_and_publish(
    criteria: Sequence[Criterion],
    truth: GroundTruth,
    layout: Layout,
    positions: NDArray[np.int64],
    *,
    drawn: str,
    about: str,
    remarks: Sequence[tuple[str, str]] = (),
    given_size: bool | None,
    data: str,
    batch_size: int,
    sampling: str,
    seed: int,
    score_seed: int,
    resamples: int,
    channels: int | None,
    cells_per_stage: int | None,
    workers: int,
    out: str,
    page: Path | None,
    json: str | None,
    terminal: Console,
) -> None:
    """Score, rank, print, write; exits with 1 when there are too few cells, after the JSON was written."""
    batch = load_batch(data, size=batch_size, seed=score_seed, sampling=sampling)
    space = open_space(truth.space, **truth.network_of(channels=channels, cells=cells_per_stage))
    evaluator = Evaluator(space, batch, score_seed)
    if given_size is None:
        # a size alone takes a fifth of the time, and says nothing given size
        given_size = not all(isinstance(criterion, Params | LiveParams | Flops) for criterion in criteria)
    wanted = parts_of([*criteria, CONTROL] if given_size else criteria)
    architectures = [truth.architectures[i] for i in positions]
    with Bars(terminal) as watch:
        scored = score_cells(evaluator, out, architectures, wanted, workers=workers, watch=watch)
        found = rank_table(
            truth, layout, positions, scored, criteria, resamples=resamples, seed=seed, watch=watch
        )
    Outcome(
        title=f"Table {layout.name[len('table')]} on {truth.dataset}",
        about=about,
        result={
            **found.to_json(),
            "not_regenerated": dict(remarks),
            "scored_on": {"data": data, **evaluator.context},
        },
        basis=[
            f"cells: {len(positions):,} of {truth.name}, {truth.dataset}, {drawn}",
            f"scores: {scoring_text(evaluator, data, sampling)}",
            f"files (SHA-256): {files_text(truth)}",
        ],
        tables=() if found.shortfall else sheets(found, remarks),
        notes=notes(found),
        remarks=[found.shortfall] if found.shortfall else (),
    ).publish(terminal, json, page=None if found.shortfall else page)
    if found.shortfall:
        raise typer.Exit(1)
