"""A search from Python: what it found, as a table, a page and a network.

Run it twice: the second run finds every score on file. The guard at the end matters, because worker
processes import this file.
"""

import argparse

import croze


def main() -> None:
    """Search NAS-Bench-201 under a limit of half a million parameters."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--channels", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", default="runs/example")
    options = parser.parse_args()

    space = croze.open_space("nasbench201", channels=options.channels)
    run = croze.search(
        space, budget=options.budget, max_params=500_000, workers=options.workers, out=options.out
    )
    for found in run.ranking[:5]:
        print(f"{found.score:10.2f}  {found.params:,} parameters  {found.architecture}")
    print(f"Plain torch: {run.folder / 'network.py'}. Page: {run.report()}.")


if __name__ == "__main__":
    main()
