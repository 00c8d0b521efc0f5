"""What scoring a cell costs, as a ratio to the bare passes that no CRoZe form can do without.

The bare passes: 3 forward, 2 full backward and 1 backward to the input only, on a network that exists
already, float32, contiguous, eager, one thread. A score includes building the network. Both alternate in one
run; the medians over the repetitions are compared cell by cell.

    python perf/score_cost.py --cells 20 --batch-size 8
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import nn
from torch.nn import functional

from croze.data import load_batch
from croze.evaluation import Evaluator
from croze.nn.seeding import single_thread
from croze.proxies import find_proxies
from croze.spaces import open_space
from croze.types import Batch


def bare_passes(network: nn.Module, batch: Batch) -> Callable[[], None]:
    inputs = batch.normalised()
    parameters = list(network.parameters())

    def run() -> None:
        for _ in range(2):
            loss = functional.cross_entropy(network(inputs), batch.labels)
            torch.autograd.grad(loss, parameters, allow_unused=True)
        for parameter in parameters:
            parameter.requires_grad_(False)
        x = inputs.detach().requires_grad_(True)
        loss = functional.cross_entropy(network(x), batch.labels)
        if loss.requires_grad:
            torch.autograd.grad(loss, x)
        for parameter in parameters:
            parameter.requires_grad_(True)

    return run


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--proxies", default="croze-positional,croze-paper,croze-official")
    options = parser.parse_args()

    space = open_space("nasbench201")
    rng = random.Random(options.seed)
    cells = [space.sample(rng) for _ in range(options.cells)]
    batch = load_batch(options.data, size=options.batch_size, seed=options.seed)
    evaluator = Evaluator(space, batch, options.seed)
    proxies = find_proxies(options.proxies)
    ratios: dict[str, list[float]] = {proxy.spec: [] for proxy in proxies}
    bare_times: list[float] = []
    with single_thread():
        for cell in cells:
            bare = bare_passes(space.build(cell, classes=batch.classes, seed=options.seed), batch)
            runs: dict[str, Callable[[], object]] = {"bare": bare}
            for proxy in proxies:
                runs[proxy.spec] = partial(evaluator, (str(cell), (proxy,)))
            times: dict[str, list[float]] = {name: [] for name in runs}
            for repeat in range(options.repeats + 1):
                for name, run in runs.items():
                    spent = seconds(run)
                    if repeat:  # the first round warms up
                        times[name].append(spent)
            bare_times.append(statistics.median(times["bare"]))
            for proxy in proxies:
                ratios[proxy.spec].append(statistics.median(times[proxy.spec]) / bare_times[-1])
    print(
        f"{options.cells} random cells, batch {options.batch_size} of {options.data}, seed {options.seed}, "
        f"one thread, median of {options.repeats}; bare passes {statistics.median(bare_times):.3f} s a cell"
    )
    print(
        f"{'proxy':24} {'median':>8} {'mean':>8} {'worst':>8}   ratio to the bare passes, building included"
    )
    for name, found in ratios.items():
        print(f"{name:24} {statistics.median(found):8.2f} {statistics.mean(found):8.2f} {max(found):8.2f}")


if __name__ == "__main__":
    main()
