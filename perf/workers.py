"""Throughput of a search with several worker processes, as a ratio to one worker of the same run.

    python perf/workers.py --candidates 60 --workers 2

Both searches are random and see the same candidates, each from an empty store; the workers are started and
have scored a few before the clock runs, because starting them is paid once a run.
"""

from __future__ import annotations

import argparse
import tempfile
import time

from croze.data import load_batch
from croze.proxies import parse_proxy
from croze.scoring.evaluator import Evaluator
from croze.scoring.ledger import Ledger
from croze.scoring.store import Store
from croze.searching.loop import search
from croze.searching.strategies import make_algorithm
from croze.spaces import open_space


def throughput(options: argparse.Namespace, workers: int) -> float:
    """Candidates a second."""
    space = open_space(options.space, channels=options.channels, layers=options.layers)
    evaluator = Evaluator(space, load_batch("digits", size=options.batch, seed=0), 0)
    criterion = parse_proxy(options.proxy)
    with (
        tempfile.TemporaryDirectory() as folder,
        Store(folder, evaluator.context) as store,
        Ledger(evaluator, store, workers) as ledger,
    ):
        warm = 2 * workers
        search(space, criterion, make_algorithm("random", space, 0), ledger, warm)
        start = time.perf_counter()
        search(space, criterion, make_algorithm("random", space, 0), ledger, warm + options.candidates)
        seconds = time.perf_counter() - start
    return float(options.candidates / seconds)


def main() -> None:
    """Print both throughputs and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--space", default="nasbench201")
    parser.add_argument("--proxy", default="croze-robust")
    parser.add_argument("--channels", type=int)
    parser.add_argument("--layers", type=int)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--candidates", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    one = throughput(options, 1)
    several = throughput(options, options.workers)
    print(f"{options.space}, {options.proxy}, {options.candidates} candidates, batch {options.batch}")
    print(
        f"1 worker {one:.2f} candidates/s, {options.workers} workers {several:.2f}: ratio {several / one:.2f}"
    )


if __name__ == "__main__":
    main()
