"""What a large store costs: opening it, finding what is there, the best of it, and repeating its search.

    python perf/store.py --scores 100000

The scores are made up (a hash of the architecture), because only their number matters; everything else is
the real thing. The last line is a whole search repeated from its store: proposals, canonical forms, looking
up and telling.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from collections.abc import Callable
from typing import Any
from zlib import crc32

from croze.data import load_batch
from croze.proxies import parse_proxies, parts_of
from croze.scoring.evaluator import Evaluator, Request
from croze.scoring.ledger import Ledger
from croze.scoring.store import Store
from croze.searching.loop import search
from croze.searching.strategies import make_algorithm
from croze.spaces import open_space
from croze.types import Score


class Hashing(Evaluator):
    """Scores without networks."""

    def __call__(self, request: Request) -> list[Score]:
        """A number an architecture."""
        return [Score(quantity.spec, crc32(request[0].encode()) / 2**32) for quantity in request[1]]


def main() -> None:
    """Fill a store, then time what is done with it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--scores", type=int, default=100_000)
    parser.add_argument("--space", default="darts")
    parser.add_argument("--algorithm", default="evolution")
    options = parser.parse_args()
    space = open_space(options.space)
    evaluator = Hashing(space, load_batch("digits", size=8, seed=0), 0)
    (proxy,) = parts_of(parse_proxies("croze-positional"))

    def searched(ledger: Ledger) -> Any:
        algorithm = make_algorithm(options.algorithm, space, 0)
        return search(space, proxy, algorithm, ledger, options.scores)

    with tempfile.TemporaryDirectory() as folder:
        with Store(folder, evaluator.context) as store:
            names = [
                str(c.architecture)
                for c in timed("filling", lambda: searched(Ledger(evaluator, store))).candidates
            ]
        gc.collect()
        gc.freeze()  # a fresh process would not have the first search in memory
        with timed("opening", lambda: Store(folder, evaluator.context)) as store:
            ledger = Ledger(evaluator, store)
            found = timed("resuming", lambda: list(ledger.scores(names, [proxy])))
            assert len(found) == len(names) == len(store)
            timed("search repeated", lambda: searched(Ledger(evaluator, store)))


def timed(what: str, action: Callable[[], Any]) -> Any:
    """Do it and print the seconds."""
    start = time.perf_counter()
    result = action()
    print(f"{what:16} {time.perf_counter() - start:8.3f} s")
    return result


if __name__ == "__main__":
    main()
