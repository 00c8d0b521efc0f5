"""Table 5, DARTS: what each set of CRoZe's components ranks first, trained and evaluated.

The paper searches once for each set (5,000 candidates, then moves). Here all sets choose from the same random
candidates, so that they differ in nothing but the components.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from croze.cli import options, training_options
from croze.cli.output import console
from croze.cli.progress import Bars
from croze.data import load_batch
from croze.errors import CrozeError
from croze.paper.forms import Best, best_by_set, find_forms, sets_of
from croze.paper.options import Forms
from croze.paper.output import Outcome, check_files, scores_of
from croze.paper.printed import printed
from croze.paper.table5 import COLUMNS, value_text, values_of
from croze.pool.run import PoolRun
from croze.proxies.croze.form import CrozeForm
from croze.ranking.scored import Scored
from croze.reporting.table import Table
from croze.robustness.plan import plan_evaluation
from croze.scoring.evaluator import Evaluator
from croze.scoring.population import draw
from croze.spaces import open_space
from croze.truth import Truth, open_truth

Chosen = Mapping[str, Mapping[str, Best]]
"""By form and set of components, what it ranks first."""


@dataclass(frozen=True)
class TrainedRow:
    """One set of one form.

    Attributes:
        form: spec of the form.
        components: the set, by its name in `SETS`.
        best: what it ranks first.
        values: of the trained network, by the columns of Table 5, in [0, 1]; None where its training failed.
    """

    form: str
    components: str
    best: Best
    values: Mapping[str, float] | None


def choose(
    architectures: Sequence[str], sets: Mapping[str, Mapping[str, CrozeForm]], scored: Scored
) -> Chosen:
    """What each set of each form ranks first.

    Raises:
        CrozeError: when no architecture has a score under every set of a form.
    """
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


def trained_rows(chosen: Chosen, truth: Truth) -> list[TrainedRow]:
    """The rows of the table, from the measured accuracies of what was chosen.

    Args:
        truth: of the trained networks, with clean, FGSM at 8/255 and all corruptions.

    Raises:
        CrozeError: when it lacks one of these.
    """
    values = values_of(truth)
    place = {name: i for i, name in enumerate(truth.architectures)}
    rows = []
    for form, by_set in chosen.items():
        for components, best in by_set.items():
            i = place.get(best.architecture)
            own = None if i is None else {name: float(values[name][i]) for name in COLUMNS}
            rows.append(TrainedRow(form, components, best, own))
    return rows


def tables(rows: Sequence[TrainedRow], *, comparable: bool) -> list[Table]:
    """A table for each form, and what was chosen.

    Args:
        comparable: whether the printed values stand beside ours, in brackets, with the difference.
    """
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


def notes(*, comparable: bool) -> list[str]:
    """How to read the tables, a line each."""
    lines = [
        "F, P and G are the consistency terms of features, parameters and gradients; a term that is not "
        "in the set is replaced by the factor 1. All sets select from the same candidates, drawn at "
        "random.",
        "CC is the mean accuracy over 15 corruptions and five severities, FGSM-8 the accuracy under FGSM "
        "with epsilon 8/255, HRS the harmonic mean of clean and FGSM-8, Avg. the mean of these four.",
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
    run = PoolRun(
        folder=folder / "trained", space=space, settings=own, recipe=chosen_recipe,
        plan=plan_evaluation("fgsm", "8/255", "none", [], "all"), seed=seed, data=data, images=images,
        test_data=test_data, test_images=test_images, workers=workers, devices=devices,
    )  # fmt: skip
    with redirect_stdout(sys.stderr), Bars(terminal) as bars:
        trained = run.train(winners, bars)
    rows = trained_rows(best, open_truth(f"pool:{folder / 'trained'}", dataset))
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
        tables=tables(rows, comparable=comparable),
        notes=notes(comparable=comparable),
    ).publish(terminal, json, page=page)
