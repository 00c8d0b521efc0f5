"""`croze reference`: make the population among which aggregates place a single network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from croze.cli import options


def reference(
    to: Annotated[Path, typer.Option(metavar="FILE.json", help="File to write.")],
    space: options.SpaceName = "nasbench201",
    data: options.Data = "digits",
    proxies: Annotated[
        str,
        typer.Option(help="Comma-separated proxies and aggregates, or all: every proxy with its defaults."),
    ] = "all",
    networks: Annotated[int, typer.Option(min=2, help="Number of distinct networks to draw.")] = 300,
    seed: Annotated[int, options.seed_of("the draw, of weights, batch and noise")] = 0,
    workers: options.Workers = 0,
    out: options.ScoreFolder = "runs/reference",
    batch_size: options.BatchSize = 8,
    sampling: options.Sampling = "balanced",
    channels: options.SpaceChannels = None,
    cells: options.SpaceCells = None,
    layers: options.SpaceLayers = None,
) -> None:
    """Draw and score a population of networks, for aggregates on single networks (--reference FILE.json).

    An interrupted command continues when it is run again.
    """
    from croze.cli.output import console
    from croze.cli.progress import Bar
    from croze.data import load_batch
    from croze.errors import CrozeError
    from croze.files import to_json, write_text
    from croze.proxies import AGGREGATES, PROXIES, parse_proxies
    from croze.scoring.evaluator import Evaluator
    from croze.scoring.ledger import Ledger
    from croze.scoring.population import make_reference
    from croze.scoring.store import Store
    from croze.spaces import open_space

    if to.suffix != ".json":
        raise CrozeError(f"--to takes the name of a .json file, got {str(to)!r}.")
    folder = options.folder_of(out)
    chosen = parse_proxies(",".join((*PROXIES, *AGGREGATES)) if proxies == "all" else proxies)
    batch = load_batch(data, size=batch_size, seed=seed, sampling=sampling)
    evaluator = Evaluator(open_space(space, channels=channels, cells=cells, layers=layers), batch, seed)
    terminal = console(None)
    with (
        Store(folder, evaluator.context) as store,
        Ledger(evaluator, store, workers) as ledger,
        Bar(terminal, f"{space}, {networks} networks", networks) as bar,
    ):
        found = make_reference(to.stem, ledger, chosen, networks, seed, bar.update)
    write_text(to, to_json(found.to_json()))
    terminal.print(f"Written: {to}, {networks:,} networks scored by {len(found.columns)} proxies on {data}")
