"""Figure 4: features of the best by FGSM, the best by PGD and each proxy's choice, under 18 inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from croze.cli import options
from croze.cli.output import console
from croze.cli.progress import Bar
from croze.data import Dataset, load_batch
from croze.errors import CrozeError
from croze.paper.features import INPUTS, FeatureConsistency, Settings, member_features, test_images
from croze.paper.output import Outcome, check_files, merits_of
from croze.pool import Pool
from croze.proxies import parse_proxies
from croze.reporting.chart import Chart, Layout, canvas
from croze.reporting.palette import SERIES
from croze.reporting.table import Table
from croze.scoring.evaluator import Evaluator
from croze.spaces import open_space

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ATTACKS = {"best by FGSM": "fgsm@8", "best by PGD": "pgd@8"}
"""What attacks choose, and by which column."""


@dataclass(frozen=True)
class Chosen:
    """One bar of the figure: chosen by an attack or a proxy, with its accuracies in [0, 1] by column."""

    by: str
    training: str
    architecture: str
    accuracies: Mapping[str, float]
    features: FeatureConsistency
    among: int

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**vars(self), "accuracies": dict(self.accuracies), "features": self.features.to_json()}


def feature_variance(
    pool: Pool,
    merits: Mapping[str, NDArray[np.float64]],
    dataset: Dataset,
    settings: Settings | None = None,
    watch: Callable[[str, int], None] = lambda by, done: None,
) -> list[Chosen]:
    """What attacks and proxies choose from a pool, and how much the features of these networks move.

    The best by an attack has the highest accuracy under it at 8/255. `merits` are by proxy, `(members,)`, NaN
    where the score failed; the members that every proxy scored are chosen from.
    """
    columns = pool.columns()
    lacking = [name for name in ATTACKS.values() if name not in columns]
    if lacking:
        raise CrozeError(
            f"The pool in {pool.folder} was not evaluated under {' and '.join(lacking)}: run `croze pool "
            "train` with --attacks fgsm,pgd --epsilon 8/255."
        )
    scored = np.flatnonzero(np.logical_and.reduce([np.isfinite(values) for values in merits.values()]))
    if not len(scored):
        raise CrozeError(f"None of {len(pool.members)} cells was scored by all of {', '.join(merits)}.")
    wanted = {by: columns[column] for by, column in ATTACKS.items()} | dict(merits)
    found = []
    for by, values in wanted.items():
        best = int(scored[values[scored].argmax()])

        def one(done: int, by: str = by) -> None:
            watch(by, done)

        features = member_features(pool.members[best], dataset, settings or Settings(), one)
        accuracies = {name: float(column[best]) for name, column in columns.items()}
        method = pool.design.recipe["method"]
        architecture = pool.members[best].architecture
        found.append(Chosen(by, method, architecture, accuracies, features, len(scored)))
    return found


def table(chosen: Sequence[Chosen]) -> Table:
    """Deviation of features over the 18 inputs, and accuracies of those that were chosen."""
    first = chosen[0].features
    title = f"Features under {len(INPUTS)} inputs, {first.images} images, severity {first.settings.severity}"
    rows = []
    for one in chosen:
        shares = (one.accuracies.get(name) for name in ("clean", "fgsm@8", "pgd@8", "corruptions"))
        texts = ("" if share is None else f"{share:.1%}" for share in shares)
        moved = (f"{one.features.deviation:.4f}", f"{one.features.relative:.3f}")
        rows.append((f"{one.training}, {one.by}", *moved, *texts))
    head = ("training, chosen by", "deviation", "relative", "clean", "FGSM-8", "PGD-8", "CC")
    return Table(title, "", head, tuple(rows))


def chart(chosen: Sequence[Chosen]) -> Chart:
    """A bar for each, with twice the standard error over images."""
    trainings = list(dict.fromkeys(one.training for one in chosen))
    choosers = list(dict.fromkeys(one.by for one in chosen))

    def draw(layout: Layout) -> Figure:
        figure = canvas(layout, 420)
        panels = figure.subplots(1, len(trainings), squeeze=False)[0]
        for axes, training in zip(panels, trainings, strict=True):
            own = {one.by: one for one in chosen if one.training == training}
            for place, by in enumerate(choosers):
                if by in own:
                    found = own[by].features
                    error, colour = 2 * found.errors["relative"], SERIES[place % len(SERIES)]
                    axes.bar(place, found.relative, yerr=error, color=colour, capsize=3)
                    axes.text(place, 0.02 * found.relative, f"{found.relative:.3f}", ha="center")
            axes.set_xticks(range(len(choosers)), [_wrapped(by) for by in choosers])
            axes.set_title(f"{training} training, selected from {next(iter(own.values())).among}")
            axes.set_ylabel("relative deviation over 18 inputs")
            axes.grid(visible=False, axis="x")
        return figure

    return Chart(
        "features-of-chosen",
        "How much features move",
        "Standard deviation of a network's features over 18 inputs, relative to their root mean square; "
        "error bars are two standard errors over images.",
        "; ".join(f"{one.training}, {one.by}: {one.features.relative:.3f}" for one in chosen),
        table(chosen),
        draw,
    )


def _wrapped(text: str) -> str:
    return text.replace(" by ", "\nby ") if " by " in text else f"{text}'s\nchoice"


def figure4(
    pools: Annotated[
        list[str],
        typer.Option("--pool", metavar="DIR", help="Folder of a pool; one per kind of training."),
    ],
    proxies: Annotated[
        str, typer.Option(help="Proxies whose choices are compared, comma-separated.")
    ] = "croze-official,croze-robust",
    data: Annotated[
        str | None, typer.Option(help="Images that proxies score on.  [default: those of the pool]")
    ] = None,
    test_data: Annotated[
        str | None, typer.Option(help="Images that features are compared on.  [default: those of the pool]")
    ] = None,
    images: Annotated[int, typer.Option(min=1, help="Number of these, balanced over classes.")] = 500,
    severity: Annotated[int, typer.Option(min=1, max=5, help="Severity of the corruptions.")] = 3,
    score_seed: options.ScoreSeed = 0,
    batch_size: options.BatchSize = 8,
    workers: options.Workers = 0,
    plot: options.Plot = None,
    json: options.Json = None,
) -> None:
    """The variance of features over clean, FGSM, PGD and 15 corrupted inputs (Figure 4).

    For each pool: the best member under FGSM, the best under PGD, and the choice of each proxy.
    """
    check_files(plot=plot)
    criteria = parse_proxies(proxies)
    settings = Settings(severity=severity)
    terminal = console(json)
    chosen: list[Chosen] = []
    for pool in map(Pool.load, pools):
        shown = test_images(pool, test_data, images)
        design = pool.design
        space = open_space(design.space, **dict(design.settings))
        batch = load_batch(data or design.data, size=batch_size, seed=score_seed)
        names = [member.architecture for member in pool.members]
        merits = merits_of(
            Evaluator(space, batch, score_seed), names, criteria, pool.folder / "scores", workers, terminal
        )
        jobs = [*ATTACKS, *merits]
        count = len(shown)
        with Bar(terminal, "features", len(jobs) * count) as bar:

            def watch(by: str, done: int, jobs: list[str] = jobs, count: int = count, bar: Bar = bar) -> None:
                bar.update(jobs.index(by) * count + done, by)

            chosen += feature_variance(pool, merits, shown, settings, watch)
    Outcome(
        title="Features under 18 inputs",
        about="Variance of the features of trained networks under perturbation: Figure 4 of the paper.",
        result={"chosen": [one.to_json() for one in chosen]},
        basis=(),
        tables=[table(chosen)],
        chart=chart(chosen),
    ).publish(terminal, json, plot=plot)
