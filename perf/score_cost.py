"""What scoring a cell costs, as a ratio to the bare passes that no CRoZe form can do without.

The bare passes: 3 forward, 2 full backward and 1 backward to the input only, on a network that exists
already, float32, eager, one thread; once contiguous, the layout a network is built in, and once with channels
last, the layout that cells are scored in. A score includes building the network. All of them take turns in
one run, and the medians over the repetitions are compared cell by cell.

    python perf/score_cost.py --cells 20 --repeats 5 --batch-size 8
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
from croze.nn.scratch import prepare
from croze.nn.seeding import single_thread
from croze.proxies import find_proxies
from croze.spaces import open_space
from croze.types import Batch

BASELINES = {"contiguous": torch.contiguous_format, "channels last": torch.channels_last}


def bare_passes(network: nn.Module, batch: Batch, layout: torch.memory_format) -> Callable[[], None]:
    network = prepare(network, layout)
    inputs = batch.normalised().contiguous(memory_format=layout)
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
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=8)
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
    medians: dict[str, list[float]] = {name: [] for name in (*BASELINES, *(p.spec for p in proxies))}
    with single_thread():
        for cell in cells:
            runs: dict[str, Callable[[], object]] = {
                name: bare_passes(space.build(cell, classes=batch.classes, seed=options.seed), batch, layout)
                for name, layout in BASELINES.items()
            }
            for proxy in proxies:
                runs[proxy.spec] = partial(evaluator, (str(cell), (proxy,)))
            times: dict[str, list[float]] = {name: [] for name in runs}
            for repeat in range(options.repeats + 1):
                for name, run in runs.items():
                    spent = seconds(run)
                    if repeat:  # the first round warms up
                        times[name].append(spent)
            for name, found in times.items():
                medians[name].append(statistics.median(found))

    print(
        f"{options.cells} random cells, batch {options.batch_size} of {options.data}, seed {options.seed}, "
        f"one thread, medians of {options.repeats}; building included"
    )
    print(f"{'ratio to the bare passes':26}" + "".join(f"{name:>32}" for name in BASELINES))
    print(f"{'':26}" + f"{'median':>12}{'mean':>10}{'worst':>10}" * len(BASELINES))
    for proxy in proxies:
        line = f"{proxy.spec:26}"
        for baseline in BASELINES:
            ratios = [a / b for a, b in zip(medians[proxy.spec], medians[baseline], strict=True)]
            line += f"{statistics.median(ratios):12.2f}{statistics.mean(ratios):10.2f}{max(ratios):10.2f}"
        print(line)
    for baseline in BASELINES:
        print(f"bare passes, {baseline}: median {statistics.median(medians[baseline]):.3f} s a cell")


if __name__ == "__main__":
    main()
