"""Options that several tables and figures share."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli.options import MAX_SEED
from croze.errors import CrozeError

METHODS = "croze-official,croze-robust,croze-positional,gradnorm,synflow"
"""Those of the paper that search with a score, and this project's own."""

PUBLISHED = "PC-DARTS-CIFAR,DrNAS-CIFAR,RobNet-free,AdvRush"
"""The paper's other rows, whose cells were published."""

Methods = Annotated[
    str,
    typer.Option(help="Proxies and aggregates that search, comma-separated, or none."),
]
PublishedCells = Annotated[
    str,
    typer.Option(
        "--cells",
        help="Published cells to train, comma-separated, or none; `croze list genotypes` names them.",
    ),
]
Searches = Annotated[
    int,
    typer.Option(min=1, help="Repetitions of search, training and evaluation, each with its own seed."),
]
Candidates = Annotated[
    int,
    typer.Option(
        "--candidates", "--sample", min=2, help="Architectures scored per search, including the warm-up."
    ),
]
WarmUpPool = Annotated[
    int | None,
    typer.Option(min=1, help="Random candidates in the warm-up.  [default: three fifths of --candidates]"),
]
Population = Annotated[
    int | None,
    typer.Option(min=1, help="Best candidates of the warm-up from which moves start.  [default: 50]"),
]
InFlight = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Candidates in flight; affects the search.  [default: 32, or a tenth of --candidates]",
    ),
]
FirstSeed = Annotated[
    int,
    typer.Option(
        "--seed", min=0, max=MAX_SEED - 1000, help="Seed of the first search; the next ones count up."
    ),
]
ScoreBatch = Annotated[
    int, typer.Option("--score-batch", min=1, help="Images that candidates are scored on.")
]
CellsPerStage = Annotated[
    int | None,
    typer.Option(
        "--cells-per-stage", min=1, help="Cells per stage, in nasbench201.  [default: the space's own]"
    ),
]
Limits = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="NAME=N",
        help="Run this attack or corruption on the first N test images; may be repeated.",
    ),
]
Folder = Annotated[
    str,
    typer.Option(
        "--out",
        help="Folder of searches and trainings, shared by Tables 3 and 4; the same command resumes from "
        "what is there.",
    ),
]
Forms = Annotated[
    str,
    typer.Option("--form", help="Comma-separated forms of CRoZe: croze-paper, croze-official, ..."),
]
AllCells = Annotated[bool, typer.Option("--all", help="All cells of the ground truth, instead of --sample.")]
RankedProxies = Annotated[
    str,
    typer.Option("--proxies", help="Comma-separated proxies and aggregates, or all named ones."),
]
GivenSize = Annotated[
    bool | None,
    typer.Option(
        "--given-size/--no-given-size",
        help="Also count live parameters, for rho given these.  [default: unless all proxies are sizes]",
    ),
]


def sample_of(
    sample: int | None, *, all_cells: bool, default: int | None = None, among: int = 0
) -> int | None:
    """How many cells of `among` are asked for; None for all. CrozeError for both options."""
    if sample is not None and all_cells:
        raise CrozeError(f"--all takes every cell, --sample {sample} some of them: give one of the two.")
    if sample is not None:
        return sample
    return None if all_cells or default is None or among <= default else default
