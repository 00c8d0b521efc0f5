"""Figure 3: the best accuracy of a search against the number of models it trained; also `croze simulate`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from croze.cli import options
from croze.cli.output import console
from croze.cli.progress import Bar, opened_truth
from croze.data import load_batch
from croze.paper.output import Outcome, check_files, files_text, scores_of, scoring_text
from croze.paper.simulation import (
    BAND,
    QUANTILES,
    STRATEGIES,
    Curve,
    Simulation,
    TabularMoves,
    Target,
    check_strategies,
    guide_scores,
    parse_goals,
    runs_wanted,
    simulate,
    targets_of,
)
from croze.proxies import DEFAULT, parse_proxies
from croze.reporting.chart import Chart, Layout, canvas
from croze.reporting.palette import CLOUD, SERIES, SOFT
from croze.reporting.table import Table
from croze.scoring.evaluator import Evaluator
from croze.searching.strategies import settings_of, takes_guide
from croze.spaces import open_space
from croze.truth import nasbench201, select

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

COUNTS = (1, 3, 10, 30, 100, 300, 1000)
"""Numbers of trained models after which the tables show the best so far."""

SETTLED = 4
"""Models after which the lowest line decides where the vertical axis begins: the first few say little."""


def tables(simulation: Simulation) -> list[Table]:
    """The goals; for each target the models to reach it and the best so far; what the guides are."""
    made = [_goals(simulation)]
    for target in simulation.targets:
        made += [_reaching(simulation, target), _best(simulation, target)]
    return made if not simulation.guides else [*made, _guides(simulation)]


def _goals(simulation: Simulation) -> Table:
    cells = simulation.moves.representatives
    rows = []
    for target in simulation.targets:
        above = int(target.above(cells).sum())
        curve = simulation.random(target)
        found = f"{curve.missed:,} of {simulation.runs:,} runs did not reach it"
        if not curve.missed:
            error = curve.models.std(ddof=1) / math.sqrt(simulation.runs) if simulation.runs > 1 else math.nan
            found = f"{curve.models.mean():,.1f}" + ("" if math.isnan(error) else f" ± {error:,.1f}")
        expected = simulation.expected(target)
        rows.append(
            (
                f"{target.name} {goal_text(target)}",
                target.source,
                f"{above:,} of {len(cells):,} distinct cells, {simulation.share(target):.1%}",
                percent_text(float(target.values[cells].max())),
                f"{expected:,.1f}" if above else "-",
                found if above else "-",
            )
        )
    note = (
        "Number of models that random search trains until it reaches the goal: expectation in closed "
        "form, and mean over these runs with its standard error."
    )
    head = ("goal", "source", "reached by", "best, %", "random, expected", "random, found")
    return Table("Goals", note, head, tuple(rows), prose=True)


def _reaching(simulation: Simulation, target: Target) -> Table:
    shares = ["median" if share == 0.5 else f"{share:.0%}" for share in QUANTILES]
    rows = []
    for curve in simulation.of(target):
        saving = simulation.saving(target, curve)
        rows.append(
            (
                curve.label,
                curve.guide,
                *(models_text(n, simulation.budget) for n in curve.quantiles.values()),
                f"{curve.missed:,} of {simulation.runs:,}",
                "-" if math.isnan(saving) else f"{saving:.1f}",
            )
        )
    title = f"Trained models until {target.name} reaches {goal_text(target)}"
    head = ("strategy", "guide", *shares, "not reached", "times fewer")
    return Table(title, "", head, tuple(rows))


def _best(simulation: Simulation, target: Target) -> Table:
    counts = [n for n in COUNTS if n < simulation.budget] + [simulation.budget]
    low, high = (f"{share:.0%}" for share in BAND)
    note = f"By number of trained models: mean over the runs, with the {low} and {high} quantiles."
    rows = tuple((c.label, c.guide, *(_at(c, n) for n in counts)) for c in simulation.of(target))
    head = ("strategy", "guide", *(f"{n:,}" for n in counts))
    return Table(f"Best {target.name} so far, %", note, head, rows)


def _at(curve: Curve, count: int) -> str:
    mean, low, high = (percent_text(line[count - 1]) for line in (curve.mean, *curve.band))
    return f"{mean} ({low}–{high})"


def _guides(simulation: Simulation) -> Table:
    rows = []
    for g in simulation.guides:
        made = g.definition if g.definition != g.spec else ""
        rows.append((f"`{g.spec}`", made, f"{g.scored:,}", f"{g.failures:,}", g.reason))
    note = "A guided strategy never proposes a cell on which its guide fails; a random draw may."
    head = ("guide", "definition", "distinct cells scored", "failed", "first reason")
    return Table("Guides", note, head, tuple(rows), prose=True)


def models_text(models: float, budget: int) -> str:
    """A number of models, or that it is more than were trained."""
    return f"> {budget:,}" if math.isinf(models) else f"{models:,.0f}"


def percent_text(accuracy: float) -> str:
    """An accuracy in percent with two digits behind the point, without the sign."""
    return f"{100 * accuracy:.2f}"


def goal_text(target: Target) -> str:
    """The target's goal in percent, as it was given."""
    return f"{round(100 * target.goal, 6):g}%"


def notes(simulation: Simulation, half: str) -> list[str]:
    """How to read the tables, a line each."""
    moves = simulation.moves
    strategies = dict.fromkeys(curve.strategy for curve in simulation.curves)
    own = {key: n for name in strategies for key, n in settings_of(name).items() if n is not None}
    own |= simulation.settings
    lines = [
        "Training is simulated by looking up the test accuracy. The strategy receives this test accuracy, "
        "as in the paper's figure: searches for clean accuracy receive the clean one, searches for "
        "another accuracy receive that one. A search that selects on validation data has less "
        "information.",
        "Isomorphic cells are one model: a proposal whose class was already trained is free and not "
        "counted. Strings are drawn with equal probability, as in `croze search`.",
        "RAND is random search; AE is regularised evolution; +warmup starts from the best of a pool by "
        "the guide; +move proposes the neighbours of the best member of the population, in the guide's "
        "order.",
        "*Not reached* counts runs that did not reach the goal; a quantile among them is `> "
        f"{simulation.budget:,}`. Quantiles are values of single runs, without interpolation. *Times "
        "fewer* is the median of random search divided by that of the strategy.",
    ]
    if "pool" in own:
        lines.append(
            f"A pool is {min(own['pool'], len(moves.cells)):,} strings, "
            f"{moves.classes_among(own['pool']):,.0f} distinct cells on average. The guide scores all of "
            "them; this needs no training and is not counted."
        )
    if "population" in own:
        lines.append(
            f"Settings: {', '.join(f'{key} {value:,}' for key, value in own.items())}. Until the "
            "population is full, strategies with the same start train the same models: random ones "
            "without warm-up, the best of the pool with it."
        )
    if simulation.guides:
        lines.append(
            f"An aggregate ranks all {len(moves.representatives):,} distinct cells here; in a search it "
            "ranks those scored so far."
        )
    if half != "both":
        lines.append(
            f"Strategies are restricted to the {half} half; neighbours in the other half are left out."
        )
    if DEFAULT in (guide.spec for guide in simulation.guides):
        consequence = {
            "both": "both halves are used here, which favours it; `--half report` excludes that half",
            "choose": "values on it should not be quoted",
            "report": "no cell used here was involved",
        }[half]
        lines.append(f"`{DEFAULT}` was chosen on the choose half; {consequence}.")
    if any(target.source == nasbench201.NAME for target in simulation.targets):
        lines.append(
            f"{nasbench201.NAME} trained each string of a class separately, with different accuracies; the "
            "value of a class is the mean over its strings."
        )
    return lines


@dataclass(frozen=True, eq=False)
class Panel:
    """Strategies after one target with one guide, beside those without; an empty guide where there is none.

    Goal, the best of all cells, and the bottom of the vertical axis are in percent.
    """

    target: str
    guide: str
    curves: tuple[Curve, ...]
    goal: float
    best: float
    bottom: float


def panels(simulation: Simulation) -> list[list[Panel]]:
    """A row a guide, in it a panel a target; the panels of a target share its axis."""
    guides = [guide.spec for guide in simulation.guides] or [""]
    return [[_panel(simulation, target, guide) for target in simulation.targets] for guide in guides]


def _panel(simulation: Simulation, target: Target, guide: str) -> Panel:
    curves = simulation.of(target)
    settled = min(SETTLED, simulation.budget - 1)
    best = 100 * float(target.values[simulation.moves.representatives].max())
    lowest = 100 * min(target.goal, *(float(curve.mean[settled]) for curve in curves))
    shown = tuple(curve for curve in curves if curve.guide in ("", guide))
    return Panel(target.name, guide, shown, 100 * target.goal, best, lowest - 0.05 * (best - lowest))


def chart(simulation: Simulation) -> Chart:
    """Best accuracy so far against trained models: a row of panels a guide, a panel a target."""
    rows = panels(simulation)
    labels = list(dict.fromkeys(c.label for row in rows for panel in row for c in panel.curves))
    low, high = (f"{share:.0%}" for share in BAND)
    goals = " and ".join(f"{goal_text(t)} ({t.name})" for t in simulation.targets)

    def draw(layout: Layout) -> Figure:
        figure = canvas(layout, 90 + 320 * len(rows))
        axes = figure.subplots(len(rows), len(rows[0]), squeeze=False, sharex=True)
        for row, across in zip(rows, axes, strict=True):
            for panel, place in zip(row, across, strict=True):
                for curve in panel.curves:
                    i = labels.index(curve.label)
                    colour = SERIES[i % len(SERIES)]
                    models = np.arange(1, simulation.budget + 1)
                    ends = (100 * end for end in curve.band)
                    place.fill_between(models, *ends, color=colour, alpha=0.10, linewidth=0)
                    # curves begin alike: on top those with gaps, and these not at the same places
                    dashes = "-" if curve.guide else (4 * i, (4, 4))
                    order = 2.5 if curve.guide else 3
                    place.plot(
                        models, 100 * curve.mean, ls=dashes, color=colour, label=curve.label, zorder=order
                    )
                place.axhline(panel.goal, color=SOFT, linewidth=1, linestyle=":")
                place.axhline(panel.best, color=CLOUD, linewidth=1)
                place.set_ylim(panel.bottom, panel.best + 0.04 * (panel.best - panel.bottom))
                place.set_xscale("log")
                place.set_xlim(1, max(simulation.budget, 2))
                place.xaxis.set_major_formatter("{x:,.0f}")
                place.set_title(f"{panel.target}{f', guide {panel.guide}' if panel.guide else ''}")
                place.set_ylabel(f"best {panel.target} test accuracy, %")
        for place in axes[-1]:
            place.set_xlabel("trained models")
        handles = {line.get_label(): line for place in axes.flat for line in place.get_lines()}
        known = [handles[label] for label in labels]
        figure.legend(known, labels, loc="outside lower center", ncols=len(labels), handlelength=3)
        return figure

    return Chart(
        "simulation",
        "Best accuracy so far against trained models",
        f"Lines: means over {simulation.runs:,} runs; bands: {low} and {high} quantiles; dashed: "
        f"strategies without a guide; dotted: the goals {goals}; grey: the best of all cells. The lines of "
        "strategies that train the same models coincide.",
        "; ".join(
            f"{curve.target}, {curve.label} {curve.guide}: {percent_text(curve.mean[-1])}% in the end"
            for curve in simulation.curves
        ),
        _best(simulation, simulation.targets[0]),
        draw,
    )


def figure3(
    truth: options.Truth,
    dataset: options.DataSet = "cifar10",
    clean: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv", help="Clean accuracies of NAS-Bench-201.  [default: those of the truth]"
        ),
    ] = None,
    target: Annotated[
        str,
        typer.Option(metavar="NAME=PERCENT,...", help="Accuracies to search for, each with its goal."),
    ] = "clean=93.5,fgsm-8=46",
    guides: Annotated[
        str, typer.Option(help="Comma-separated proxies and aggregates that guide warm-up and move.")
    ] = "croze-official,croze-robust",
    strategies: Annotated[
        str, typer.Option(help="Comma-separated; see `croze list algorithms`. random is always included.")
    ] = ",".join(STRATEGIES),
    runs: Annotated[int, typer.Option(min=1, help="Number of runs per strategy.")] = 100,
    budget: Annotated[int, typer.Option(min=1, help="Maximum number of trained models per run.")] = 1000,
    half: options.Half = "both",
    pool: Annotated[
        int | None, typer.Option(min=1, help="Random architectures in the warm-up pool.  [default: 3000]")
    ] = None,
    population: Annotated[
        int | None, typer.Option(min=1, help="Population size of evolution and move.")
    ] = None,
    tournament: Annotated[int | None, typer.Option(min=1, help="Tournament size of evolution.")] = None,
    neighbours_per_parent: Annotated[
        int | None,
        typer.Option(min=1, help="Neighbours from which a guide selects, in move.  [default: all]"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=options.MAX_SEED, help="Seed of the strategies.")] = 0,
    data: options.Data = "digits",
    score_seed: Annotated[
        int, typer.Option(min=0, max=options.MAX_SEED, help="Seed of the guides' weights, batch and noise.")
    ] = 0,
    batch_size: options.BatchSize = 8,
    sampling: options.Sampling = "balanced",
    augment: options.Augment = False,
    micro_batch: options.MicroBatch = None,
    channels: options.Channels = 16,
    cells_per_stage: options.Cells = 5,
    workers: options.Workers = 0,
    out: Annotated[
        str, typer.Option(help="Folder of the scores, those of `croze benchmark` included.")
    ] = "runs/benchmark",
    plot: options.Plot = None,
    page: options.PageFile = None,
    json: options.Json = None,
) -> None:
    """Simulate search strategies on a benchmark: the best accuracy against the number of trained models.

    Figure 3 of the paper, also as `croze reproduce figure3`. Guides score every distinct cell once; an
    interrupted command continues when it is run again. The simulation itself takes minutes.
    """
    folder = options.folder_of(out)
    check_files(plot=plot, page=page)
    given = {
        "pool": pool,
        "population": population,
        "tournament": tournament,
        "neighbours_per_parent": neighbours_per_parent,
    }
    settings = {key: value for key, value in given.items() if value is not None}
    goals = parse_goals(target)
    terminal = console(json)
    known = opened_truth(truth, dataset, terminal)
    truths = [known]
    if clean is not None:
        truths.append(opened_truth(f"{nasbench201.NAME}:{clean}", dataset, terminal))
    targets = targets_of(known, goals, truths[1] if clean is not None else None)
    space = open_space(known.space, channels=channels, cells=cells_per_stage)
    moves = TabularMoves(known, space, select(known, half=half))
    names = check_strategies(strategies.split(","), settings, moves)
    criteria = parse_proxies(guides) if any(map(takes_guide, names)) else []
    batch = load_batch(data, size=batch_size, seed=score_seed, sampling=sampling, augment=augment)
    evaluator = Evaluator(space, batch, score_seed, micro_batch)
    cells = moves.representatives
    known_scores = []
    if criteria:
        architectures = [known.architectures[i] for i in cells]
        scored = scores_of(evaluator, architectures, criteria, folder, workers, terminal)
        known_scores = guide_scores(known, cells, criteria, scored)
    with Bar(terminal, "runs", runs_wanted(names, len(known_scores), len(targets), runs)) as bar:
        found = simulate(
            moves,
            targets,
            known_scores,
            names,
            runs=runs,
            budget=budget,
            seed=seed,
            settings=settings,
            watch=bar.update,
        )
    basis = [
        f"cells: {'both halves' if half == 'both' else f'the {half} half'}, {len(cells):,} distinct ones, "
        f"{len(moves.cells):,} strings; {runs:,} runs of each strategy, at most {budget:,} trained models, "
        f"seed {seed}",
        f"files (SHA-256): {', '.join(map(files_text, truths))}",
    ]
    if criteria:
        basis.insert(1, f"guides: scores of {scoring_text(evaluator, data, sampling)}")
    Outcome(
        title="Simulated searches",
        about="Number of models that a search trains until it finds a good one, simulated on the "
        f"accuracies of {known.name} for {known.dataset}: section 4.3 and Figure 3 of the paper.",
        result={**found.to_json(), "half": half, "scored_on": evaluator.context},
        basis=basis,
        tables=tables(found),
        notes=notes(found, half),
        chart=chart(found),
    ).publish(terminal, json, plot=plot, page=page)
