"""Whether a dtype, float32 or bfloat16, keeps the order of `croze-positional` that float64 gives.

Random architectures with the same weights and the same batch, scored as they are and in float64: Spearman's
rho of the two, how many of the 20 best are the same, the largest relative difference. A dtype may be the
engine's if rho is at least .995 and 18 of the 20 best are the same on 300 NAS-Bench-201 cells.

    python perf/dtype_order.py --architectures 300
"""

from __future__ import annotations

import argparse
import random
from dataclasses import dataclass, replace
from multiprocessing import get_context

import torch

from croze.data import load_batch
from croze.nn.seeding import single_thread
from croze.scoring.score import score_all
from croze.spaces import open_space
from croze.stats import spearman

TOP = 20


@dataclass(frozen=True)
class Task:
    space: str
    text: str
    batch_size: int
    seed: int
    proxy: str
    channels: int | None
    layers: int | None
    dtype: str = "float32"


@dataclass(frozen=True)
class Order:
    count: int
    rho: float
    top: int
    largest_difference: float


def both(task: Task) -> tuple[float, float]:
    """The score in the task's dtype and in float64."""
    space = open_space(task.space, channels=task.channels, layers=task.layers)
    batch = load_batch("digits", size=task.batch_size, seed=task.seed)
    values = []
    with single_thread():
        for dtype in (task.dtype, "float64"):
            network = space.build(space.parse(task.text), classes=batch.classes, seed=task.seed)
            network = network.double() if dtype == "float64" else network
            with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
                (score,) = score_all(network, batch, task.proxy, seed=task.seed, own=True)
            if score.value is None:
                raise ValueError(f"{task.text}: {score.reason}")
            values.append(score.value)
    return values[0], values[1]


def measure(count: int, task: Task, workers: int) -> Order:
    space, rng = open_space(task.space), random.Random(task.seed)
    distinct: dict[str, None] = {}
    while len(distinct) < count:
        distinct[str(space.sample(rng))] = None
    with get_context("spawn").Pool(workers) as pool:
        pairs = pool.map(both, [replace(task, text=text) for text in distinct], chunksize=1)
    here, double = zip(*pairs, strict=True)
    best = [set(sorted(range(count), key=values.__getitem__)[-TOP:]) for values in (here, double)]
    differences = [abs(a - b) / abs(b) for a, b in pairs if b]
    return Order(count, spearman(here, double), len(best[0] & best[1]), max(differences))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--space", default="nasbench201")
    parser.add_argument("--architectures", type=int, default=300)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--proxy", default="croze-positional")
    parser.add_argument("--channels", type=int)
    parser.add_argument("--layers", type=int)
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16"), help="by autocast")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    task = Task(
        options.space,
        "",
        options.batch_size,
        options.seed,
        options.proxy,
        options.channels,
        options.layers,
        options.dtype,
    )
    found = measure(options.architectures, task, options.workers)
    print(
        f"{options.space}, {options.proxy}, {options.dtype}, {found.count} architectures, batch "
        f"{options.batch_size}, seed {options.seed}: rho {found.rho:.5f}, "
        f"{found.top} of the best {TOP} the same, largest relative difference {found.largest_difference:.1e}"
    )


if __name__ == "__main__":
    main()
