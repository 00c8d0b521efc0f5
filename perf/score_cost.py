"""What scoring a network costs, as a ratio to the bare passes that no CRoZe form can do without.

The bare passes: 3 forward, 2 full backward and 1 backward to the input only, on a network that exists
already, float32, eager, one thread; once contiguous, the layout a network is built in, and once with channels
last, the layout that networks of the spaces are scored in. A score includes building the network. All of them
take turns in one run, and the medians over the repetitions are compared network by network.

    python perf/score_cost.py --space nasbench201 --architectures 20 --repeats 5 --batch-size 8
    python perf/score_cost.py --space darts --repeats 3 --proxies croze-positional

In NAS-Bench-201 the architectures are random cells; of DARTS and its kin they are the published ones that
come with the package, RobNets left out, at 20 cells and 36 channels.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn
from torch.nn import functional

from croze.data import load_batch
from croze.nn.scratch import prepare
from croze.nn.seeding import single_thread
from croze.proxies import Proxy, parse_proxies, parts_of
from croze.scoring.evaluator import Evaluator
from croze.spaces import open_space
from croze.spaces.genotypes import named
from croze.types import Batch

BASELINES = {"contiguous": torch.contiguous_format, "channels last": torch.channels_last}
LEFT_OUT = "robnet"


@dataclass(frozen=True)
class Cost:
    """Median seconds on one architecture, by what was run: the baselines and the proxies."""

    architecture: str
    seconds: dict[str, float]

    def ratio(self, run: str, baseline: str = "contiguous") -> float:
        return self.seconds[run] / self.seconds[baseline]


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


def in_turns(runs: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of each; the first round warms up and does not count."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for repeat in range(repeats + 1):
        for name, run in runs.items():
            spent = seconds(run)
            if repeat:
                times[name].append(spent)
    return {name: statistics.median(found) for name, found in times.items()}


def architectures(space: str, count: int, seed: int) -> list[tuple[str, str, str]]:
    """Name, space and text of each; of DARTS and its kin the first `count` published ones."""
    if space == "nasbench201":
        opened, rng = open_space(space), random.Random(seed)
        cells = [str(opened.sample(rng)) for _ in range(count)]
        return [(cell, space, cell) for cell in cells]
    published = [entry for entry in named().values() if entry.space != LEFT_OUT]
    return [(entry.name, entry.space, entry.architecture) for entry in published[:count]]


def measure(
    space: str, count: int, batch_size: int, proxies: list[Proxy], repeats: int, seed: int, data: str
) -> list[Cost]:
    batch = load_batch(data, size=batch_size, seed=seed)
    found = []
    with single_thread():
        for name, of, text in architectures(space, count, seed):
            opened = open_space(of)
            network = partial(opened.build, opened.parse(text), classes=batch.classes, seed=seed)
            runs: dict[str, Callable[[], object]] = {
                baseline: bare_passes(network(), batch, layout) for baseline, layout in BASELINES.items()
            }
            evaluator = Evaluator(opened, batch, seed)
            for proxy in proxies:
                runs[proxy.spec] = partial(evaluator, (text, (proxy,)))
            found.append(Cost(name, in_turns(runs, repeats)))
            shown = "  ".join(f"{run} {found[-1].ratio(run):.2f}" for run in runs)
            print(f"{name[:60]:60}  {shown}", flush=True)
    return found


def parser_of(text: str | None, repeats: int) -> argparse.ArgumentParser:
    """What to measure on, and how often."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", default="nasbench201", choices=("nasbench201", "darts"))
    parser.add_argument("--architectures", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=repeats)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", default="digits")
    return parser


def main() -> None:
    parser = parser_of(__doc__, repeats=5)
    parser.add_argument("--proxies", default="croze-positional,croze-paper,croze-official")
    options = parser.parse_args()
    proxies = parts_of(parse_proxies(options.proxies))
    costs = measure(
        options.space,
        options.architectures,
        options.batch_size,
        proxies,
        options.repeats,
        options.seed,
        options.data,
    )
    print(
        f"\n{len(costs)} architectures, batch {options.batch_size} of {options.data}, seed {options.seed}, "
        f"one thread, medians of {options.repeats}; building included"
    )
    print(f"{'ratio to the bare passes':26}" + "".join(f"{name:>32}" for name in BASELINES))
    print(f"{'':26}" + f"{'median':>12}{'mean':>10}{'worst':>10}" * len(BASELINES))
    for proxy in proxies:
        line = f"{proxy.spec:26}"
        for baseline in BASELINES:
            ratios = [cost.ratio(proxy.spec, baseline) for cost in costs]
            line += f"{statistics.median(ratios):12.2f}{statistics.mean(ratios):10.2f}{max(ratios):10.2f}"
        print(line)
    for baseline in BASELINES:
        median = statistics.median(cost.seconds[baseline] for cost in costs)
        print(f"bare passes, {baseline}: median {median:.3f} s an architecture")


if __name__ == "__main__":
    main()
