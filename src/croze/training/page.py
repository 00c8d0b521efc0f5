"""A training in a report: curves of loss, accuracy and learning rate, and the epoch that was kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from croze.errors import CrozeError
from croze.reporting.chart import MARKS, Chart, Layout, canvas, legend_above
from croze.reporting.palette import SERIES, SOFT
from croze.reporting.part import Fact, Part, basis_of, paired
from croze.reporting.table import Table
from croze.reporting.text import number, percent, text_of
from croze.spaces.cell_chart import cell_charts
from croze.spaces.darts.stacked import StackedSpace
from croze.training.network import NetworkSpec, SpaceNetwork

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from croze.training.run import TrainingRun

LINES = {
    "train_clean": ("training, clean", SERIES[0], ":"),
    "validation_clean": ("validation, clean", SERIES[0], "-"),
    "train_adversarial": ("training, adversarial", SERIES[1], ":"),
    "validation_adversarial": ("validation, adversarial", SERIES[1], "-"),
}
"""How the accuracies are drawn."""

History = Sequence[Mapping[str, Any]]


def training_part(run: TrainingRun) -> Part:
    """A training as a part of a report."""
    recipe = run.recipe
    network = run.network.to_json()
    architecture = str(network.get("architecture") or "")
    return Part(
        "training",
        f"{recipe.method.capitalize()} training",
        f"{'Adversarial training' if recipe.adversarial else 'Training'} for {recipe.epochs:,} epochs on "
        f"{run.count:,} images of {run.data}; the best epoch on the validation split is kept.",
        _facts(run),
        paired([*training_charts(run.history, run.best_epoch), *_cells(run.network)]),
        (),
        _notices(run),
        architecture,
        basis_of(
            run.provenance,
            ("network", text_of(network)),
            ("recipe", text_of(recipe.in_use(stacked=is_stacked(run.network)))),
            ("data", run.data),
            ("seed", run.seed),
            ("SHA-256 of the images", run.images),
            ("seconds of training", f"{run.seconds:.0f}"),
        ),
    )


def _cells(network: NetworkSpec) -> tuple[Chart, ...]:
    """The cells of an architecture of a space; none of a user's network or where its space is not at hand."""
    if not isinstance(network, SpaceNetwork):
        return ()
    try:
        space = network.open()
        return cell_charts(space, space.parse(network.architecture))
    except CrozeError:
        return ()


def is_stacked(network: NetworkSpec) -> bool:
    """Whether it may have drop-path and an auxiliary head; also where its space is not at hand."""
    if not isinstance(network, SpaceNetwork):
        return False
    try:
        return isinstance(network.open(), StackedSpace)
    except CrozeError:
        return True


def _facts(run: TrainingRun) -> tuple[Fact, ...]:
    if not run.history:
        return ()
    row = run.best or run.history[-1]
    said = f"epoch {row['epoch']}{', kept' if run.best else ', the last'}"
    facts = [
        Fact("validation accuracy", percent(row["validation_clean"]), said),
        Fact("epochs", f"{len(run.history):,}", f"of {run.recipe.epochs:,}"),
        Fact("training loss", number(row["loss"], 3), said),
    ]
    if row["validation_adversarial"] is not None:
        facts.insert(1, Fact("under attack", percent(row["validation_adversarial"]), "on validation images"))
    if run.best:
        facts.append(Fact("time", f"{run.seconds:,.0f} s", "of training"))
    return tuple(facts)


def _notices(run: TrainingRun) -> tuple[str, ...]:
    if run.status == "failed":
        return (run.reason,)
    if run.status == "finished":
        return run.warnings
    return (
        f"This training has not finished: {len(run.history):,} of {run.recipe.epochs:,} epochs are done. "
        "Its command continues from them.",
    )


def training_charts(history: History, best: int | None) -> tuple[Chart, ...]:
    """Accuracy, loss, learning rate."""
    if not history:
        return ()
    lines = [key for key in LINES if any(row.get(key) is not None for row in history)]
    kept = next((row for row in history if row["epoch"] == best), history[-1])
    charts = [
        _chart(
            history, best, {key: LINES[key] for key in lines}, "accuracy", "Accuracy by epoch",
            "Dotted: training images; solid: validation images; grey line: the selected epoch. A dotted line "
            "far above the solid one indicates overfitting.",
            f"Epoch {kept['epoch']}: "
            + ", ".join(f"{LINES[key][0]} {percent(kept.get(key))}" for key in lines)
            + ".",
        )
    ]  # fmt: skip
    for key, heading, colour, reading in (
        (
            "loss",
            "Training loss",
            SERIES[0],
            "Mean training loss over the images of an epoch, augmented and perturbed as in training.",
        ),
        ("lr", "Learning rate", SERIES[2], "Of the last step of an epoch."),
    ):
        values = [row[key] for row in history if row.get(key) is not None]
        if values:
            alt = f"{heading} from {number(values[0])} to {number(values[-1])}."
            line = {key: (heading.lower(), colour, "-")}
            charts.append(_chart(history, best, line, key, heading, reading, alt))
    return tuple(charts)


def _chart(
    history: History,
    best: int | None,
    lines: Mapping[str, tuple[str, str, str]],
    name: str,
    heading: str,
    reading: str,
    alt: str,
) -> Chart:
    """Curves over the epochs, by key of the history: label, colour and line style; shares in percent."""
    shares = name == "accuracy"

    def draw(layout: Layout) -> Figure:
        from matplotlib.ticker import MaxNLocator

        figure = canvas(
            layout, (320 if layout.narrow else 340) if shares else (230 if layout.narrow else 270)
        )
        axes = figure.subplots()
        for key, (label, colour, kind) in lines.items():
            rows = [row for row in history if row.get(key) is not None]
            axes.plot(
                [row["epoch"] for row in rows], [(100 if shares else 1) * row[key] for row in rows], kind,
                color=colour, label=label, marker="o" if len(history) <= 30 else "", markersize=5,
                gid=f"{MARKS}-{key}",
            )  # fmt: skip
        if best is not None and len(history) > 1:
            axes.axvline(best, color=SOFT, linewidth=1.4, linestyle=(0, (4, 3)), zorder=1, label="kept")
        axes.set_ylabel("accuracy, %" if shares else heading.lower())
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
        axes.set_xlabel("epoch")
        if shares:
            legend_above(figure, axes, 1 if layout.narrow else 5)
        else:
            axes.set_ylim(0, 1.08 * max(row[name] for row in history if row.get(name) is not None) or 1)
        return figure

    text = percent if shares else number
    rows = tuple((str(row["epoch"]), *(text(row.get(key)) for key in lines)) for row in history)
    head = ("epoch", *(label for label, _, _ in lines.values()))
    table = Table(heading, "", head, rows)
    return Chart(f"training-{name}", heading, reading, alt, table, draw, half=not shares)
