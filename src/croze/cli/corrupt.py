"""`croze corrupt`: a data set under the fifteen corruptions of CIFAR-C."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from croze.cli import options

if TYPE_CHECKING:
    from rich.console import Console

    from croze.corruptions import FrostTextures
    from croze.data import Dataset

MOST_LETTERS = 64
"""Of a data set's name in the title of the sheet, whose width is fixed."""


def corrupt(
    data: Annotated[
        str, typer.Option(help="Clean images: digits, or READER:PATH; `croze list data` names the readers.")
    ] = "digits",
    corruptions: Annotated[
        str,
        typer.Option(
            help="Comma-separated names (fog, jpeg@3) or groups (noise, weather, blur, digital), or all."
        ),
    ] = "all",
    sheet: Annotated[
        Path | None, typer.Option(help="Draw one image at all severities to this PNG, SVG or PDF file.")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Write the corrupted images there, in CIFAR-10-C's layout."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Use only the first N images.", show_default="all")
    ] = None,
    image: Annotated[int, typer.Option(min=0, help="Index of the image on the sheet, from 0.")] = 0,
    split: Annotated[
        str | None,
        typer.Option(help="train or test, for a data set that has both.", show_default="test"),
    ] = None,
    frost: options.Frost = None,
    seed: Annotated[int, options.seed_of("the corruptions")] = 0,
    json: options.Json = None,
) -> None:
    """Corrupt images as CIFAR-C does: a picture sheet, a data set, or both.

    DIR receives a file NAME.npy for each corruption, and labels.npy. An interrupted command continues when it
    is run again; more corruptions may be added later.
    """
    import torch

    from croze.cli.output import console, emit_json
    from croze.corruptions import FrostTextures, parse_corruptions
    from croze.data import open_dataset
    from croze.data.splits import in_split
    from croze.errors import CrozeError
    from croze.provenance import provenance
    from croze.reporting.chart import check_plot
    from croze.robustness.corruption_sheet import draw_sheet, rows

    if sheet is None and out is None:
        raise CrozeError(
            "Say what to make: --sheet FILE.png for a picture, --out DIR for a data set, or both."
        )
    if sheet is not None:
        check_plot(sheet)
    folder = options.folder_of(out) if out is not None else None
    asked = list(map(str, parse_corruptions(corruptions)))
    names = tuple(dict.fromkeys(one.partition("@")[0] for one in asked))
    textures = (
        FrostTextures.from_folder(options.folder_of(frost, "--frost"))
        if frost is not None
        else FrostTextures.procedural()
    )
    spec = in_split(data, split)
    dataset = open_dataset(spec)
    count = min(limit or len(dataset), len(dataset))
    if sheet is not None and image >= count:
        raise CrozeError(f"{spec} has the images 0..{count - 1} here, so --image cannot be {image}.")
    terminal = console(json)
    result = {
        "data": spec,
        "images": count,
        "corruptions": list(names) if len(asked) == 5 * len(names) else asked,
        "seed": seed,
        "frost": textures.source,
        "provenance": provenance(),
    }
    if sheet is not None:
        pixels = torch.from_numpy(dataset.read([image])[0]).float() / 255
        shown = rows(pixels, names, seed, image, textures)
        shortened = spec if len(spec) <= MOST_LETTERS else f"...{spec[-MOST_LETTERS:]}"
        draw_sheet(shown, sheet, f"Image {image} of {shortened}, seed {seed}")
        terminal.print(f"Written: {sheet}")
        result["sheet"] = str(sheet)
    if folder is not None:
        files = _write(folder, dataset, count, asked, seed, textures, terminal)
        terminal.print(f"Written: {len(files)} corruptions of {count} images to {folder}")
        result["files"] = [str(file) for file in files]
    emit_json(json, result)


def _write(
    folder: Path,
    dataset: Dataset,
    count: int,
    asked: Sequence[str],
    seed: int,
    textures: FrostTextures,
    terminal: Console,
) -> list[Path]:
    """The first `count` images corrupted, in the layout of CIFAR-10-C."""
    import numpy as np

    from croze.cli.progress import Bar
    from croze.corruptions import write_set
    from croze.data.cached import cached

    with Bar(terminal, "reading images", count) as bar:
        dataset = cached(dataset, np.arange(count), lambda done, _: bar.update(done))
    with Bar(terminal, "corrupting", count * len(asked)) as bar:
        return write_set(
            folder,
            dataset,
            dataset.labels,
            asked,
            seed,
            textures,
            watch=lambda done, _, name: bar.update(done, name),
        )
