"""How well scores of small networks rank the same cells' large ones: rho between two sizes of a space.

    python perf/size_agreement.py --cells 60 --layers 8 --channels 16

A search on small networks is many times cheaper; this says what it costs in rank. Cells are random, scores
are those of the evaluator (batch and seed as given), aggregates rank the cells of the sample.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from typing import Any

import numpy as np

from croze.data import load_batch
from croze.nn.seeding import single_thread
from croze.proxies import merits, parse_proxies, parts_of
from croze.scoring.evaluator import Evaluator
from croze.spaces import open_space
from croze.stats import spearman


def scored(evaluator: Evaluator, cells: list[str], parts: Any) -> tuple[dict[str, Any], float]:
    """Raw scores by proxy, NaN where one failed, and seconds a cell."""
    start = time.perf_counter()
    columns: dict[str, list[float]] = {part.spec: [] for part in parts}
    with single_thread():
        for cell in cells:
            for score in evaluator((cell, tuple(parts))):
                columns[score.proxy].append(math.nan if score.value is None else score.value)
    seconds = (time.perf_counter() - start) / len(cells)
    return {spec: np.array(column) for spec, column in columns.items()}, seconds


def main() -> None:
    """Print rho for every proxy, and the time a cell at both sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--space", default="darts")
    parser.add_argument("--cells", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--channels", type=int, default=16)
    parser.add_argument(
        "--proxies", default="croze-robust,croze-positional,meco,swap(samples=16),jacob-cov,params"
    )
    options = parser.parse_args()
    large = open_space(options.space)
    small = open_space(options.space, layers=options.layers, channels=options.channels)
    rng = random.Random(options.seed)
    cells = [str(large.sample(rng)) for _ in range(options.cells)]
    batch = load_batch(options.data, size=options.batch_size, seed=options.seed)
    criteria = parse_proxies(options.proxies)
    parts = parts_of(criteria)
    found = []
    for space in (small, large):
        columns, seconds = scored(Evaluator(space, batch, options.seed), cells, parts)
        print(f"{space!r}: {seconds:.2f} s a cell", flush=True)
        found.append(merits(criteria, columns))
    for criterion in criteria:
        a, b = (one[criterion.spec] for one in found)
        both = np.isfinite(a) & np.isfinite(b)
        note = "" if both.all() else f"  ({len(cells) - both.sum()} cells without a score left out)"
        levels = min(len(set(a[both])), len(set(b[both])))
        if levels < both.sum():
            note += f"  (only {levels} different values at one size)"
        rho = spearman(a[both], b[both]) if levels > 1 else math.nan
        print(f"{criterion.spec:24} rho {rho:.3f} on {both.sum()} cells{note}")


if __name__ == "__main__":
    main()
