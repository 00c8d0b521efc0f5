"""What scoring several proxies in one call costs, as a share of scoring each by itself.

For every cell the single runs and the joint run take turns, each building its network anew, float32 as built,
eager, one thread. A cell's times are the medians over the repetitions; its ratio is the joint time over the
sum of the single ones. Below 1 is what sharing saves; the target is 0.6 for the default proxies.

    python perf/shared_passes.py --cells 10 --repeats 5 --batch-size 8
"""

from __future__ import annotations

import argparse
import random
import statistics
import time

from croze.data import load_batch
from croze.nn.seeding import single_thread
from croze.proxies import Proxy, parse_proxies, parts_of
from croze.scoring.evaluator import Evaluator
from croze.spaces import open_space

TARGET = 0.6


def seconds(evaluator: Evaluator, cell: str, proxies: tuple[Proxy, ...]) -> float:
    start = time.perf_counter()
    scores = evaluator((cell, proxies))
    spent = time.perf_counter() - start
    for score in scores:
        if not score.ok:
            raise SystemExit(f"{score.proxy} has no score on {cell}: {score.reason}")
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--proxies", default="croze-positional,gradnorm,snip,naswot,jacob-cov,synflow")
    options = parser.parse_args()

    space = open_space("nasbench201")
    rng = random.Random(options.seed)
    cells = [str(space.sample(rng)) for _ in range(options.cells)]
    batch = load_batch(options.data, size=options.batch_size, seed=options.seed)
    evaluator = Evaluator(space, batch, options.seed)
    proxies = tuple(parts_of(parse_proxies(options.proxies)))
    groups = [(proxy,) for proxy in proxies] + [proxies]
    medians: list[list[float]] = [[] for _ in groups]
    with single_thread():
        for cell in cells:
            times: list[list[float]] = [[] for _ in groups]
            for repeat in range(options.repeats + 1):
                for group, found in zip(groups, times, strict=True):
                    spent = seconds(evaluator, cell, group)
                    if repeat:  # the first round warms up
                        found.append(spent)
            for found, kept in zip(times, medians, strict=True):
                kept.append(statistics.median(found))

    *singles, joint = medians
    sums = [sum(parts) for parts in zip(*singles, strict=True)]
    ratios = [together / apart for together, apart in zip(joint, sums, strict=True)]
    print(
        f"{options.cells} random cells, batch {options.batch_size} of {options.data}, seed {options.seed}, "
        f"one thread, medians of {options.repeats}; building included"
    )
    print(f"{'ms a cell':26}{'median':>10}{'mean':>10}{'worst':>10}")
    rows = [*((p.spec, t) for p, t in zip(proxies, singles, strict=True)), ("sum", sums), ("joint", joint)]
    for name, found in rows:
        line = [1000 * value for value in (statistics.median(found), statistics.mean(found), max(found))]
        print(f"{name:26}" + "".join(f"{value:10.1f}" for value in line))
    middle, mean, worst = statistics.median(ratios), statistics.mean(ratios), max(ratios)
    print(f"{'joint / sum':26}{middle:10.3f}{mean:10.3f}{worst:10.3f}")
    print(f"target {TARGET}: median {'met' if middle <= TARGET else 'missed'}")


if __name__ == "__main__":
    main()
