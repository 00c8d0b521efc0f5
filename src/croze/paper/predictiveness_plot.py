"""The figure of predictiveness (the paper's Figure 5): ranks in the single-step state against ranks later."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from croze.paper.predictiveness import IMAGES, PARTS, Predictiveness
from croze.reporting.chart import check_plot, save
from croze.reporting.palette import SERIES
from croze.reporting.text import rho_text
from croze.stats.correlation import ranks

Floats = NDArray[np.float64]

CAPTION = (
    "Each dot is a cell: its rank by the form, or by one component of it, in the single-step state and in a "
    "later one, on perturbed images; 1 is the lowest score. On the grey line nothing has changed."
)


@dataclass(frozen=True, eq=False)
class Cloud:
    """The cells by their ranks in two states, `(n,)` each, and Spearman's rho between these."""

    later: str
    early: Floats
    late: Floats
    rho: float


@dataclass(frozen=True, eq=False)
class Panel:
    """One part of one form; a cloud for each later state."""

    form: str
    part: str
    clouds: tuple[Cloud, ...]


def panels(found: Predictiveness) -> list[list[Panel]]:
    """A row a form, in it a panel for the product and for each component."""
    rows = []
    for form in dict.fromkeys(prediction.part.form for prediction in found.predictions):
        row = []
        for name in PARTS:
            clouds = []
            for prediction in found.predictions:
                part = prediction.part
                if (part.form, part.name, part.images) == (form, name, IMAGES[0]):
                    early, late = found.values[prediction.later, part.proxy.spec]
                    clouds.append(Cloud(prediction.later, ranks(early), ranks(late), prediction.rho))
            row.append(Panel(form, name, tuple(clouds)))
        rows.append(row)
    return rows


def draw_predictiveness(found: Predictiveness, path: Path, title: str) -> None:
    """Write the figure; its kind follows the file's ending.

    Raises:
        CrozeError: as `check_plot`, or when the file cannot be written.
    """
    check_plot(path)
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    rows = panels(found)
    colours = {later: SERIES[2 + 2 * i] for i, later in enumerate(found.later)}
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        size = (2.6 * len(PARTS) + 0.4, 1.1 + 2.7 * len(rows))
        figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(hspace=0.06))
        axes = figure.subplots(len(rows), len(PARTS), squeeze=False, sharex=True, sharey=True)
        for row, across in zip(rows, axes, strict=True):
            for panel, place in zip(row, across, strict=True):
                place.plot([1, found.n], [1, found.n], color="#bbbbbb", linewidth=0.8, zorder=1)
                for cloud in panel.clouds:
                    colour = colours[cloud.later]
                    place.scatter(
                        cloud.early, cloud.late, s=9, color=colour, alpha=0.7, linewidths=0, label=cloud.later
                    )
                said = ", ".join(f"{cloud.later} {rho_text(cloud.rho)}" for cloud in panel.clouds)
                place.set_title(f"{panel.part}\nρ: {said}", fontsize=9)
                place.set_aspect("equal")
            across[0].set_ylabel(f"{row[0].form}\nrank later")
        for place in axes[-1]:
            place.set_xlabel("rank, single step")
        handles, labels = axes.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
        figure.suptitle(title)
        save(figure, path)
