"""A pool in a report: how accuracies are distributed, robust against clean accuracy, the best cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from croze.reporting.chart import MARKS, Chart, Layout, canvas, legend_above, thinned
from croze.reporting.palette import INK, SERIES
from croze.reporting.part import Fact, Part, basis_of, paired
from croze.reporting.table import Table
from croze.reporting.text import percent, shortened, text_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from croze.pool.pool import Pool

MARKERS = "osD^v"
MOST_DOTS = 600
"""Of a row; more stand so close that they cover each other."""
MOST_ROWS = 50
"""Of the table behind a chart; the frame has all cells."""


def pool_part(pool: Pool) -> Part:
    """A pool as a part of a report."""
    design, columns = pool.design, pool.columns()
    facts = [Fact("cells", f"{len(pool.members):,}", f"of {len(design.architectures):,}")]
    for name in pool.shown[:4]:
        at = int(columns[name].argmax())
        best = shortened(pool.members[at].architecture, 60)
        facts.append(Fact(f"highest {name}", percent(float(columns[name][at])), best))
    images = pool.members[0].result.images
    counts = ", ".join(f"{name} {images[name]:,}" for name in pool.shown if name in images)
    return Part(
        "pool",
        f"Pool of {design.space}",
        f"{pool.title}, on images of {design.data}. Accuracies rest on so many test images: {counts}.",
        tuple(facts),
        paired([_distributions(pool), *_against_clean(pool)]),
        (pool.table(top=MOST_ROWS),),
        pool.notes,
        basis=basis_of(
            {},
            ("space", text_of({"space": design.space, **dict(design.settings)})),
            ("recipe", text_of(design.recipe)),
            ("data", design.data),
            ("test images", design.test_data or "a fifth of the data"),
            ("seed", design.seed),
        ),
    )


def _distributions(pool: Pool) -> Chart:
    columns = {name: pool.columns()[name] for name in pool.shown}

    def draw(layout: Layout) -> Figure:
        figure = canvas(layout, 70 + 44 * len(columns))
        axes = figure.subplots()
        for k, values in enumerate(columns.values()):
            heights = np.array([k + 0.5 * ((0.618 * i) % 1 - 0.5) for i in range(len(values))])
            kept = thinned(values.tolist(), heights.tolist(), MOST_DOTS)
            axes.plot(
                100 * values[kept], heights[kept], "o", color=SERIES[k % len(SERIES)], alpha=0.6,
                markersize=4, gid=f"{MARKS}-{k}",
            )  # fmt: skip
            middle = 100 * sorted(values)[len(values) // 2]
            axes.plot([middle, middle], [k - 0.34, k + 0.34], color=INK, linewidth=2)
        axes.set_yticks(range(len(columns)), [shortened(name, 24) for name in columns])
        axes.set_ylim(len(columns) - 0.5, -0.5)
        axes.set_xlabel("accuracy, %")
        axes.grid(axis="y", visible=False)
        return figure

    spans = [(name, *(percent(float(v)) for v in (x.min(), sorted(x)[len(x) // 2], x.max())))
             for name, x in columns.items()]  # fmt: skip
    return Chart(
        "pool-columns",
        "Accuracy of the cells",
        "A dot is a cell; the line is the median cell.",
        "; ".join(f"{name} from {low} to {high}" for name, low, _, high in spans) + ".",
        Table("Accuracy of the cells", "", ("column", "lowest", "median", "highest"), tuple(spans)),
        draw,
    )


def _against_clean(pool: Pool) -> tuple[Chart, ...]:
    columns = pool.columns()
    others = [name for name in pool.shown if name != "clean"]
    if "clean" not in columns or not others:
        return ()

    def draw(layout: Layout) -> Figure:
        figure = canvas(layout, 320 if layout.narrow else 380)
        axes = figure.subplots()
        for k, name in enumerate(others):
            kept = thinned(columns["clean"].tolist(), columns[name].tolist(), MOST_DOTS)
            axes.plot(
                100 * columns["clean"][kept], 100 * columns[name][kept], MARKERS[k % 5],
                color=SERIES[(k + 1) % len(SERIES)], alpha=0.7, markersize=5, label=name, gid=f"{MARKS}-{k}",
            )  # fmt: skip
        axes.set_xlabel("clean accuracy, %")
        axes.set_ylabel("accuracy, %")
        legend_above(figure, axes, 2 if layout.narrow else 4)
        return figure

    return (
        Chart(
            "pool-robust",
            "Robust against clean accuracy",
            "Cells that are equally accurate on clean images and differ under perturbation are those that "
            "only a robust proxy can tell apart.",
            f"{len(pool.members)} cells.",
            pool.table(others[0], MOST_ROWS),
            draw,
        ),
    )
