"""A search from Python: every part is an object of its own, so each can be replaced.

Run it twice: the second run finds every score in the store. The guard at the end matters, because worker
processes import this file.
"""

import argparse

import croze
from croze.scoring.evaluator import Evaluator
from croze.scoring.ledger import Ledger
from croze.scoring.store import Store
from croze.searching.limits import Limits
from croze.searching.loop import search
from croze.searching.strategies import make_algorithm


def main() -> None:
    """Search NAS-Bench-201 under a limit of half a million parameters."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--channels", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", default="runs/example")
    options = parser.parse_args()

    space = croze.open_space("nasbench201", channels=options.channels)
    evaluator = Evaluator(space, croze.load_batch("digits", size=8, seed=0), seed=0)
    with Store(options.out, evaluator.context) as store, Ledger(evaluator, store, options.workers) as ledger:
        found = search(
            space,
            croze.parse_proxy("croze-robust"),
            make_algorithm("evolution", space, seed=0),
            ledger,
            options.budget,
            Limits(params=500_000),
        )
    for candidate in found.ranking()[:5]:
        print(f"{candidate.score.value:10.2f}  {candidate.architecture}")


if __name__ == "__main__":
    main()
