"""How the cost of a `croze-positional` score grows with the batch, the depth and the number of seeds.

    python perf/scaling.py --repeats 3

NAS-Bench-201 cells over the batch, DARTS networks over the number of cells, one cell over seeds. Each row is
one process and one thread; the smallest setting is the 1 of the ratios. `--memory` also scores AdvRush at 20
cells and 36 channels on a batch of 256 in a process of its own and tells what it held at its peak.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from collections.abc import Callable
from functools import partial

from score_cost import in_turns, seconds

from croze.data import load_batch
from croze.nn.seeding import single_thread
from croze.proxies import parse_proxies, parts_of
from croze.scoring.evaluator import Evaluator
from croze.spaces import open_space
from croze.spaces.darts.space import Darts
from croze.spaces.genotypes import find

CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_1x1~1|+|skip_connect~0|nor_conv_3x3~1|avg_pool_3x3~2|"
BATCHES = (8, 16, 32, 64, 128, 256)
DEPTHS = (5, 8, 11, 14, 17, 20)
SEEDS = (1, 2, 4, 8)
NETWORK = "AdvRush"

Curve = dict[int, float]
"""Seconds by setting."""


def over_batch(repeats: int) -> Curve:
    (proxy,) = parts_of(parse_proxies("croze-positional"))
    space = open_space("nasbench201")
    runs: dict[str, Callable[[], object]] = {
        str(size): partial(Evaluator(space, load_batch("digits", size=size, seed=0), 0), (CELL, (proxy,)))
        for size in BATCHES
    }
    return {int(size): spent for size, spent in in_turns(runs, repeats).items()}


def over_depth(repeats: int) -> Curve:
    (proxy,) = parts_of(parse_proxies("croze-positional"))
    batch = load_batch("digits", size=8, seed=0)
    text = str(find(NETWORK)[1])
    runs: dict[str, Callable[[], object]] = {
        str(layers): partial(Evaluator(Darts(layers=layers, channels=16), batch, 0), (text, (proxy,)))
        for layers in DEPTHS
    }
    return {int(layers): spent for layers, spent in in_turns(runs, repeats).items()}


def over_seeds(repeats: int) -> Curve:
    (proxy,) = parts_of(parse_proxies("croze-positional"))
    space, batch = open_space("nasbench201"), load_batch("digits", size=8, seed=0)

    def score(count: int) -> None:
        for seed in range(count):
            Evaluator(space, batch, seed)((CELL, (proxy,)))

    runs: dict[str, Callable[[], object]] = {str(count): partial(score, count) for count in SEEDS}
    return {int(count): spent for count, spent in in_turns(runs, repeats).items()}


def memory(batch_size: int) -> tuple[float, float]:
    """GiB that the process held at its peak above what it held before, and seconds; of this process."""
    (proxy,) = parts_of(parse_proxies("croze-positional"))
    space, architecture = find(NETWORK)
    batch = load_batch("digits", size=batch_size, seed=0)
    evaluator = Evaluator(open_space(space), batch, 0)
    with single_thread():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        spent = seconds(partial(evaluator, (str(architecture), (proxy,))))
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (after - before) / 2**20, spent


def memory_apart(batch_size: int) -> tuple[float, float]:
    """The same of a fresh process."""
    command = [sys.executable, __file__, "--only-memory", str(batch_size)]
    held, spent = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(held), float(spent)


def growth(curve: Curve) -> list[tuple[int, float, float]]:
    """Setting, how many times the smallest one's setting, how many times its seconds."""
    first = min(curve)
    return [(setting, setting / first, spent / curve[first]) for setting, spent in curve.items()]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--only-memory", type=int, metavar="BATCH", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only_memory:
        print(*memory(options.only_memory))
        return
    with single_thread():
        for name, curve in (
            ("batch", over_batch(options.repeats)),
            ("cells", over_depth(options.repeats)),
            ("seeds", over_seeds(options.repeats)),
        ):
            for setting, times, cost in growth(curve):
                print(f"{name} {setting:4}: {times:5.1f} times the setting, {cost:6.2f} times the cost")
    if options.memory:
        held, spent = memory_apart(256)
        print(f"{NETWORK}, batch 256: {held:.1f} GiB at the peak, {spent:.0f} s")


if __name__ == "__main__":
    main()
