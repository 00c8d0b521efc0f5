"""Options that several verbs share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from croze.errors import CrozeError

MAX_SEED = 2**32 - 1


def seed_of(what: str, *names: str) -> Any:
    """The option of a seed."""
    return typer.Option(*names, min=0, max=MAX_SEED, help=f"Random seed of {what}.")


_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([kmg]?)", re.IGNORECASE)

Data = Annotated[str, typer.Option(help="Data set: digits, or READER:PATH; see `croze list data`.")]
BatchSize = Annotated[int, typer.Option(min=1, help="Number of images in the batch.")]
Sampling = Annotated[
    str, typer.Option(help="How images are drawn: balanced (equally many of every class) or random.")
]
Augment = Annotated[
    bool,
    typer.Option("--augment", help="Pad, crop and flip the images of the batch at random, from the seed."),
]
Json = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE|-", help="Write the result as JSON to a file, or with - to stdout."),
]
MicroBatch = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Maximum number of images per pass; fewer need less memory.",
        show_default="the whole batch",
    ),
]
ReferenceName = Annotated[
    str,
    typer.Option(
        "--reference",
        help="Population for aggregates of one network: a name, or FILE.json of `croze reference`.",
    ),
]
SpaceName = Annotated[
    str,
    typer.Option(
        "--space", help="Search space: a name of `croze list spaces`, or FILE.py:CLASS for your own."
    ),
]
Channels = Annotated[int, typer.Option(min=1, help="Channels of the first stage of the networks.")]
Cells = Annotated[int, typer.Option(min=1, help="Cells per stage of the networks.")]
SpaceChannels = Annotated[
    int | None,
    typer.Option(
        "--channels",
        min=1,
        help="Channels of the first stage of the networks.",
        show_default="the space's own",
    ),
]
CellsPerStage = Annotated[
    int | None,
    typer.Option(min=1, help="Cells per stage of the networks.", show_default="those of the ground truth"),
]
SpaceCells = Annotated[
    int | None,
    typer.Option("--cells", min=1, help="Cells per stage, in nasbench201.", show_default="the space's own"),
]
SpaceLayers = Annotated[
    int | None,
    typer.Option(
        "--layers",
        min=1,
        help="Number of cells of the network, in darts, darts-released, nasnet and robnet.",
        show_default="20",
    ),
]
Ray = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS|local", help="Score on a Ray cluster instead of worker processes."),
]
Devices = Annotated[
    str | None,
    typer.Option(
        "--device", help="Devices for scoring, such as cuda:0,cuda:1; workers take turns.", show_default="cpu"
    ),
]
Truth = Annotated[str, typer.Option(help="Ground truth, NAME:PATH; see `croze list truths`.")]
DataSet = Annotated[
    str, typer.Option(help="Data set of the ground truth: cifar10, cifar100 or imagenet16-120.")
]
JudgedBy = Annotated[
    str | None,
    typer.Option(
        "--judge-by",
        metavar="COLUMN,...",
        help="Columns for which all statistics are computed.",
        show_default="clean, fgsm@8 and corruptions, if measured",
    ),
]
Half = Annotated[
    str,
    typer.Option(help="Half of the cells: choose, report or both."),
]
ScoreSeed = Annotated[int, seed_of("weights, batch and noise; samples of cells share these scores")]
SampleSeed = Annotated[int, seed_of("the sample of cells and of the bootstrap", "--seed")]
CellSet = Annotated[str, typer.Option(help="all: every string; distinct: one cell per isomorphism class.")]
RunFolder = Annotated[
    str | None,
    typer.Option(
        help="Folder of the run; the same command resumes from what is there.", show_default="one below runs/"
    ),
]
Frost = Annotated[
    str | None,
    typer.Option(metavar="DIR", help="Folder of frost photographs.", show_default="synthetic textures"),
]
Resamples = Annotated[int, typer.Option(min=1, help="Number of bootstrap resamples.")]
ScoreFolder = Annotated[
    str, typer.Option(help="Folder of the scores; the same command resumes from what is there.")
]
Plot = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the figure to this PNG, SVG or PDF file.")
]
PageFile = Annotated[Path | None, typer.Option("--page", help="Write the result to this Markdown file.")]
Workers = Annotated[
    int, typer.Option(min=0, help="Worker processes with one torch thread each; 0 for one per core.")
]


def devices_of(text: str | None, *, here: bool = True) -> tuple[str, ...]:
    """The devices that `--device` names, on this machine unless `here` is false; none without."""
    from croze.scoring.evaluator import check_devices

    if text is None:
        return ()
    return check_devices([name.strip() for name in text.split(",")], here=here)


def folder_of(text: str, option: str = "--out") -> Path:
    """The folder that an option names; an empty name is more likely a variable that was not set than this
    folder.
    """
    if not text.strip():
        raise CrozeError(f"{option} takes the name of a folder, got an empty one; write . for this folder.")
    return Path(text)


def pairs_of(settings: list[str]) -> dict[str, str]:
    """What `--set KEY=VALUE` names, by key; each key once."""
    found: dict[str, str] = {}
    for text in settings:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not key or not value or key in found:
            raise CrozeError(f"--set takes KEY=VALUE, each key once, got {text!r}.")
        found[key] = value
    return found


def check_page(page: Path | None) -> None:
    """Find out before any work whether `--page` names a file."""
    if page is not None and page.is_dir():
        raise CrozeError(f"--page takes the name of a file, got the folder {page}.")


def parse_size(text: str | None, option: str) -> int | None:
    """The whole number that an option such as `--max-params 1.5M` names; None for None."""
    if text is None:
        return None
    match = _SIZE.fullmatch(text.strip().replace(",", ""))
    value = round(float(match[1]) * _FACTORS[match[2].lower()]) if match else 0
    if value < 1:
        raise CrozeError(f"{option} takes a positive number such as 1M, 2.5k or 73306, got {text!r}.")
    return value
