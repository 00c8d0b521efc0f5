"""Options that several verbs share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from croze.errors import CrozeError

MAX_SEED = 2**32 - 1

Data = Annotated[
    str, typer.Option(help="Data set: digits, or READER:PATH; `croze list data` names the readers.")
]
BatchSize = Annotated[int, typer.Option(min=1, help="Images in the batch.")]
Sampling = Annotated[str, typer.Option(help="How the batch is drawn: balanced over classes, or random.")]
Augment = Annotated[bool, typer.Option(help="Pad, crop and flip the images of the batch, from the seed.")]
Json = Annotated[
    str | None, typer.Option("--json", metavar="FILE|-", help="Write the result as JSON; - is stdout.")
]
MicroBatch = Annotated[
    int | None,
    typer.Option(
        min=1, help="Most images of the batch that a network sees at once, to save memory; all without."
    ),
]
ReferenceName = Annotated[
    str,
    typer.Option(
        "--reference", help="Population among which aggregates place one network: a name or FILE.json."
    ),
]
SpaceName = Annotated[
    str,
    typer.Option(
        "--space", help="Search space; `croze list spaces` names them, FILE.py:CLASS is one of yours."
    ),
]
Channels = Annotated[int, typer.Option(min=1, help="Channels of the first stage of the networks.")]
Cells = Annotated[int, typer.Option(min=1, help="Cells a stage of the networks.")]
SpaceChannels = Annotated[
    int | None,
    typer.Option("--channels", min=1, help="Channels of the networks' first stage; the space's own without."),
]
CellsPerStage = Annotated[
    int | None, typer.Option(min=1, help="Cells a stage of the networks; the truth's or space's own without.")
]
SpaceCells = Annotated[
    int | None,
    typer.Option("--cells", min=1, help="Of nasbench201: cells a stage; the space's own without."),
]
SpaceLayers = Annotated[
    int | None,
    typer.Option("--layers", min=1, help="Of DARTS and its kin: cells of the network; 20 without."),
]
Ray = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS|local", help="Score on a Ray cluster instead of worker processes here."),
]
Devices = Annotated[
    str | None,
    typer.Option("--device", help="Where to score, such as cuda:0,cuda:1; workers take them in turn."),
]
Truth = Annotated[str, typer.Option(help="Ground truth, NAME:PATH; `croze list truths` names them.")]
DataSet = Annotated[str, typer.Option(help="Data set of the truth: cifar10, cifar100 or imagenet16-120.")]
JudgedBy = Annotated[
    str | None,
    typer.Option(
        "--judge-by",
        metavar="COLUMN,...",
        help="Columns for the statistics beyond rho; clean, fgsm@8, corruptions where there are such.",
    ),
]
Half = Annotated[str, typer.Option(help="choose, report or both halves of the cells.")]
ScoreSeed = Annotated[
    int,
    typer.Option(min=0, max=MAX_SEED, help="Of weights, batch and noise; other samples reuse these scores."),
]
SampleSeed = Annotated[
    int, typer.Option("--seed", min=0, max=MAX_SEED, help="Of the sample of cells and of the bootstrap.")
]
Resamples = Annotated[int, typer.Option(min=1, help="Bootstrap resamples.")]
ScoreFolder = Annotated[str, typer.Option(help="Folder of the scores; the same command goes on there.")]
Plot = Annotated[Path | None, typer.Option(help="Write the figure to this PNG, SVG or PDF.")]
Workers = Annotated[int, typer.Option(min=0, help="Worker processes, one torch thread each; 0: one a core.")]


def devices_of(text: str | None, *, here: bool = True) -> tuple[str, ...]:
    """The devices that `--device` names; none without.

    Args:
        here: whether they have to be on this machine.

    Raises:
        CrozeError: for one that is not there, or types that are mixed.
    """
    from croze.scoring.evaluator import check_devices

    if text is None:
        return ()
    return check_devices([name.strip() for name in text.split(",")], here=here)


def network_of(truth: object, **settings: int | None) -> dict[str, int | None]:
    """The size of a truth's networks: what was asked for, else the size that the truth was measured at.

    What neither names stays None, which a space fills with its own.
    """
    own = getattr(truth, "network", None) or {}
    return {
        name: own.get(name) if settings.get(name) is None else settings[name] for name in {**own, **settings}
    }


def slug(text: str) -> str:
    """The text as part of a folder's name: small letters, digits and dashes, at most 120 of them."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:120]


def folder_of(text: str, option: str = "--out") -> Path:
    """The folder that an option names.

    Raises:
        CrozeError: for an empty name, which is more likely a variable that was not set than this folder.
    """
    if not text.strip():
        raise CrozeError(f"{option} takes the name of a folder, got an empty one; write . for this folder.")
    return Path(text)


def pairs_of(settings: list[str]) -> dict[str, str]:
    """What `--set KEY=VALUE` names, by key.

    Raises:
        CrozeError: for anything else, or a key that stands there twice.
    """
    found: dict[str, str] = {}
    for text in settings:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not key or not value or key in found:
            raise CrozeError(f"--set takes KEY=VALUE, each key once, got {text!r}.")
        found[key] = value
    return found
