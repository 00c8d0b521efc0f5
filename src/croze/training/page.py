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
from croze.training.network import NetworkSpec, SpaceNetwork

if TYPE_CHECKING:
    from matplotlib.axes import Axes
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
            ("recipe", text_of(recipe.to_json())),
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
    charts = [_accuracy(history, lines, best), _one(history, "loss", "Training loss", best)]
    if any(row.get("lr") is not None for row in history):
        charts.append(_one(history, "lr", "Learning rate", best))
    return tuple(charts)


def _accuracy(history: History, lines: Sequence[str], best: int | None) -> Chart:
    def draw(layout: Layout) -> Figure:
        figure = canvas(layout, 320 if layout.narrow else 340)
        axes = figure.subplots()
        for key in lines:
            label, colour, kind = LINES[key]
            rows = [row for row in history if row.get(key) is not None]
            axes.plot(
                [row["epoch"] for row in rows], [100 * row[key] for row in rows], kind, color=colour,
                label=label, marker=_marker(history), markersize=5, gid=f"{MARKS}-{key}",
            )  # fmt: skip
        _kept(axes, history, best)
        axes.set_ylabel("accuracy, %")
        _epochs(axes)
        legend_above(figure, axes, 1 if layout.narrow else 5)
        return figure

    rows = tuple((str(row["epoch"]), *(percent(row.get(key)) for key in lines)) for row in history)
    kept = next((row for row in history if row["epoch"] == best), history[-1])
    return Chart(
        "training-accuracy",
        "Accuracy by epoch",
        "Dotted: training images; solid: validation images; grey line: the selected epoch. A dotted line "
        "far above the solid one indicates overfitting.",
        f"Epoch {kept['epoch']}: "
        + ", ".join(f"{LINES[key][0]} {percent(kept.get(key))}" for key in lines)
        + ".",
        Table("Accuracy by epoch", "", ("epoch", *(LINES[key][0] for key in lines)), rows),
        draw,
    )


def _one(history: History, key: str, heading: str, best: int | None) -> Chart:
    rows = [row for row in history if row.get(key) is not None]

    def draw(layout: Layout) -> Figure:
        figure = canvas(layout, 230 if layout.narrow else 270)
        axes = figure.subplots()
        axes.plot(
            [row["epoch"] for row in rows], [row[key] for row in rows], color=SERIES[2 if key == "lr" else 0],
            marker=_marker(history), markersize=5, gid=f"{MARKS}-{key}",
        )  # fmt: skip
        _kept(axes, history, best)
        axes.set_ylim(0, 1.08 * max(row[key] for row in rows) or 1)
        axes.set_ylabel(heading.lower())
        _epochs(axes)
        return figure

    reading = {
        "loss": "Mean training loss over the images of an epoch, augmented and perturbed as in training.",
        "lr": "Of the last step of an epoch.",
    }[key]
    return Chart(
        f"training-{key}",
        heading,
        reading,
        f"{heading} from {number(rows[0][key])} to {number(rows[-1][key])}.",
        Table(
            heading, "", ("epoch", heading.lower()), tuple((str(r["epoch"]), number(r[key])) for r in rows)
        ),
        draw,
        half=True,
    )


def _marker(history: History) -> str:
    return "o" if len(history) <= 30 else ""


def _kept(axes: Axes, history: History, best: int | None) -> None:
    if best is not None and len(history) > 1:
        axes.axvline(best, color=SOFT, linewidth=1.4, linestyle=(0, (4, 3)), zorder=1, label="kept")


def _epochs(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    axes.set_xlabel("epoch")
