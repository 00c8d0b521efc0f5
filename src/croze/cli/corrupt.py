"""`croze corrupt`: a data set under the fifteen corruptions of CIFAR-C."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from croze.cli.options import MAX_SEED, Json, folder_of

MOST_LETTERS = 64
"""Of a data set's name in the title of the sheet, whose width is fixed."""


def corrupt(
    data: Annotated[
        str, typer.Option(help="Clean images: digits, or READER:PATH; `croze list data` names the readers.")
    ] = "digits",
    corruptions: Annotated[
        str,
        typer.Option(
            help="Comma-separated: fog, jpeg, or noise, weather, blur, digital; all for the fifteen."
        ),
    ] = "all",
    sheet: Annotated[
        Path | None, typer.Option(help="Draw one image at all severities to this PNG, SVG or PDF.")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Write the corrupted images there, in CIFAR-10-C's layout."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="The first N images of the data set only; all without.")
    ] = None,
    image: Annotated[int, typer.Option(min=0, help="Which image the sheet shows, counted from 0.")] = 0,
    split: Annotated[
        str | None,
        typer.Option(help="train or test, of a data set that has both; test without."),
    ] = None,
    frost: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Folder with photographs of frost; made textures without."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Of what is random.")] = 0,
    json: Json = None,
) -> None:
    """Corrupt images as CIFAR-C does: a picture sheet, a data set, or both.

    DIR gets a file NAME.npy for each corruption, and labels.npy. Killed or stopped, the same command goes
    on where it was; more corruptions may be asked for later.
    """
    import numpy as np
    import torch

    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bars
    from croze.corruptions import SEVERITIES, FrostTextures, parse_names, write_set
    from croze.data import open_dataset
    from croze.data.cached import cached
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
    folder = None if out is None else folder_of(out)
    names = parse_names(corruptions)
    textures = FrostTextures.procedural()
    if frost is not None:
        textures = FrostTextures.from_folder(folder_of(frost, "--frost"))
    spec = in_split(data, split)
    dataset = open_dataset(spec)
    count = min(limit or len(dataset), len(dataset))
    if sheet is not None and image >= count:
        raise CrozeError(f"{spec} has the images 0..{count - 1} here, so --image cannot be {image}.")
    terminal = console(json)
    result = {
        "data": spec,
        "images": count,
        "corruptions": list(names),
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
        total = count * len(names) * len(SEVERITIES)
        with Bars(terminal) as bars:
            dataset = cached(dataset, np.arange(count), lambda done, _: bars("reading images", done, count))
            files = write_set(
                folder, dataset, dataset.labels, names, seed, textures,
                watch=lambda done, _, name: bars("corrupting", done, total, name),
            )  # fmt: skip
        terminal.print(f"Written: {len(files)} corruptions of {count} images to {folder}")
        result["files"] = [str(file) for file in files]
    emit_json(json, result)
