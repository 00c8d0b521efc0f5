"""Options that Tables 3 and 4 share."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli.options import MAX_SEED

METHODS = "croze-official,croze-robust,croze-positional,gradnorm,synflow"
"""Those of the paper that search with a score, and this project's own."""

PUBLISHED = "PC-DARTS-CIFAR,DrNAS-CIFAR,RobNet-free,AdvRush"
"""The paper's other rows, whose cells were published."""

Methods = Annotated[
    str,
    typer.Option(help="Proxies and aggregates that search, comma-separated; none for published cells alone."),
]
PublishedCells = Annotated[
    str,
    typer.Option(
        "--cells",
        help="Published cells to train as they are, comma-separated, or none; `croze list genotypes`.",
    ),
]
Searches = Annotated[
    int,
    typer.Option(min=1, help="Repetitions, each with a seed of its own: searched, trained, evaluated."),
]
Candidates = Annotated[
    int,
    typer.Option("--candidates", "--sample", min=2, help="Scored in a search, the warm-up included."),
]
WarmUpPool = Annotated[
    int | None,
    typer.Option(min=1, help="Random candidates of the warm-up.  [default: three fifths of --candidates]"),
]
Population = Annotated[
    int | None, typer.Option(min=1, help="Best of the pool that moves begin with.  [default: 50]")
]
InFlight = Annotated[
    int | None,
    typer.Option(min=1, help="Candidates in work at once, part of the search.  [default: 32, fewer if few]"),
]
FirstSeed = Annotated[
    int,
    typer.Option("--seed", min=0, max=MAX_SEED - 1000, help="Of the first search; the next have the next."),
]
ScoreBatch = Annotated[
    int, typer.Option("--score-batch", min=1, help="Images that candidates are scored on.")
]
CellsPerStage = Annotated[
    int | None,
    typer.Option("--cells-per-stage", min=1, help="Of nasbench201; the space's own without."),
]
Limits = Annotated[
    list[str] | None,
    typer.Option("--limit", metavar="NAME=N", help="On the first N test images only; may be repeated."),
]
Folder = Annotated[
    str,
    typer.Option(
        "--out", help="Folder of searches and trainings; goes on there. Tables 3 and 4 share searches in one."
    ),
]
