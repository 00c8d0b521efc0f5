"""The picture sheet of corruptions: a row for each, the clean image and five severities across."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from croze.corruptions import GROUPS, SEVERITIES, FrostTextures, corrupt
from croze.reporting.chart import check_plot, save
from croze.reporting.palette import SERIES

CELL, GAP = 0.95, 0.06
"""Side of a picture and the room between two, in inches."""
LEFT, TOP, MARGIN = 2.0, 0.78, 0.12
BETWEEN_GROUPS = 0.22

Picture = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Row:
    """One corruption, its group, and its pictures `(H, W, 3)` in [0, 1]: the clean one and one a severity."""

    group: str
    name: str
    pictures: tuple[Picture, ...]


def rows(
    image: Tensor, names: Sequence[str], seed: int = 0, index: int = 0, frost: FrostTextures | None = None
) -> list[Row]:
    """The image, float `(3, H, W)` in [0, 1], under corruptions by group; arguments as of `corrupt`."""
    found = []
    for group, members in GROUPS.items():
        for name in members:
            if name in names:
                corrupted = [corrupt(image[None], name, s, seed, index, frost)[0] for s in SEVERITIES]
                found.append(Row(group, name, tuple(_picture(p) for p in (image, *corrupted))))
    return found


def draw_sheet(shown: Sequence[Row], path: Path, title: str) -> None:
    """Write the sheet; its kind follows the file's ending. CrozeError as `check_plot` and `save`."""
    check_plot(path)
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    columns = ("clean", *(f"severity {s}" for s in SEVERITIES))
    groups = {row.group for row in shown}
    width = LEFT + len(columns) * (CELL + GAP) + MARGIN
    height = TOP + len(shown) * (CELL + GAP) + (len(groups) - 1) * BETWEEN_GROUPS + MARGIN
    figure = Figure(figsize=(width, height))

    def text(x: float, y: float, words: str, **how: Any) -> None:
        figure.text(x / width, 1 - y / height, words, **how)

    text(MARGIN, 0.24, title, va="center", size=11)
    for place, words in enumerate(columns):
        text(LEFT + place * (CELL + GAP) + CELL / 2, TOP - 0.12, words, ha="center", va="center", size=9)
    top = TOP
    for number, row in enumerate(shown):
        if number and row.group != shown[number - 1].group:
            top += BETWEEN_GROUPS
        if not number or row.group != shown[number - 1].group:
            count = sum(other.group == row.group for other in shown)
            colour = SERIES[1 + list(GROUPS).index(row.group)]
            bottom = top + count * (CELL + GAP) - GAP
            bar = Line2D(
                [0.42 / width] * 2, [1 - top / height, 1 - bottom / height], color=colour, linewidth=3
            )
            figure.add_artist(bar)
            text(0.25, (top + bottom) / 2, row.group, ha="center", va="center", rotation=90, size=10)
        text(LEFT - 0.12, top + CELL / 2, row.name.replace("_", " "), ha="right", va="center", size=10)
        for place, picture in enumerate(row.pictures):
            left = LEFT + place * (CELL + GAP)
            box = (left / width, 1 - (top + CELL) / height, CELL / width, CELL / height)
            axes = figure.add_axes(box)
            axes.imshow(picture, vmin=0, vmax=1, interpolation="nearest")
            axes.set_axis_off()
        top += CELL + GAP
    save(figure, path)


def _picture(image: Tensor) -> Picture:
    return image.permute(1, 2, 0).float().cpu().numpy()
