"""Writes docs/performance.md, the cost of scoring on this machine, from the other scripts of this folder.

    python perf/performance_page.py --page docs/performance.md --figure docs/figures/performance.png

Measurements are kept in runs/performance, one file per section; the same command continues there. `--section`
repeats the measurement of a section. The whole page takes about half an hour on two cores.
"""

from __future__ import annotations

import argparse
import json
import platform
import shlex
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import dtype_order
import official_cost
import scaling
import score_cost
import torch
from matplotlib.figure import Figure

from croze.files import write_text
from croze.nn.seeding import single_thread
from croze.proxies import parse_proxies, parts_of
from croze.scoring.machine import this_machine

POSITIONAL = "croze-positional"
DTYPES = ("float32", "bfloat16")
REPEATS = {"nasbench201 8": 5, "nasbench201 64": 1, "darts 8": 2}
SETTINGS = (("nasbench201", 20, 8), ("nasbench201", 20, 64), ("darts", 14, 8))


def cost(space: str, count: int, batch_size: int) -> list[dict[str, Any]]:
    proxies = parts_of(parse_proxies(POSITIONAL))
    repeats = REPEATS[f"{space} {batch_size}"]
    found = score_cost.measure(space, count, batch_size, proxies, repeats, 0, "digits")
    return [asdict(one) for one in found]


def official(space: str, count: int, repeats: int) -> list[dict[str, Any]]:
    return [asdict(one) for one in official_cost.measure(space, count, 8, repeats, 0, "digits")]


def curves() -> dict[str, list[tuple[int, float]]]:
    with single_thread():
        found = {
            "batch": scaling.over_batch(3),
            "cells": scaling.over_depth(3),
            "seeds": scaling.over_seeds(3),
        }
    return {name: sorted(curve.items()) for name, curve in found.items()}


def order(dtype: str) -> dict[str, Any]:
    task = dtype_order.Task("nasbench201", "", 8, 0, POSITIONAL, None, None, dtype)
    return asdict(dtype_order.measure(300, task, 2))


SECTIONS: dict[str, Callable[[], Any]] = {
    **{f"cost-{space}-{size}": partial(cost, space, count, size) for space, count, size in SETTINGS},
    "official-nasbench201": partial(official, "nasbench201", 20, 2),
    "official-darts": partial(official, "darts", 3, 1),
    "curves": curves,
    "memory": partial(scaling.memory_apart, 256),
    **{f"order-{dtype}": partial(order, dtype) for dtype in DTYPES},
}


def measured(folder: Path, again: Sequence[str]) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for name, measure in SECTIONS.items():
        kept = folder / f"{name}.json"
        if name in again or not kept.exists():
            print(f"{name} ...", flush=True)
            write_text(kept, json.dumps(measure()))
        found[name] = json.loads(kept.read_text(encoding="utf-8"))
    return found


def summary(ratios: Sequence[float]) -> str:
    return f"{statistics.median(ratios):.2f} | {statistics.mean(ratios):.2f} | {max(ratios):.2f}"


def ratios(costs: list[dict[str, Any]], run: str, baseline: str) -> list[float]:
    return [one["seconds"][run] / one["seconds"][baseline] for one in costs]


def page(found: dict[str, Any], command: str, figure: Path) -> str:
    machine = this_machine()
    lines = [
        "# Cost of scoring",
        "",
        "Ratios of times that were measured alternately in one process, with one torch thread; absolute",
        "times depend mostly on the machine. The baseline is the minimum that any CRoZe form computes, in",
        "eager torch: 3 forward passes, 2 full backward passes and 1 to the input only (the *bare passes*),",
        "in float32 and contiguous layout, on a network that is already built. A score includes building the",
        "network. `croze doctor` measures how many candidates your machine scores per second.",
        "",
        f"Measured on {machine.processor} ({', '.join(machine.instructions)}), torch {machine.torch}, Python "
        f"{platform.python_version()}, digits, seed 0, by",
        "",
        f"```console\n$ {command}\n```",
        "",
        "## `croze-positional` relative to the bare passes",
        "",
        "The engine computes in float32. NAS-Bench-201: 20 random cells. DARTS and related spaces: the 14",
        "published genotypes of the package (without RobNets), 20 cells, 36 channels. Medians over",
        "repetitions, then over networks.",
        "",
        "| space | batch | median | mean | worst | bare passes, channels last: median |",
        "|---|---|---|---|---|---|",
    ]
    for space, _, size in SETTINGS:
        costs = found[f"cost-{space}-{size}"]
        bare = statistics.median(ratios(costs, "channels last", "contiguous"))
        lines.append(
            f"| {space} | {size} | {summary(ratios(costs, POSITIONAL, 'contiguous'))} | {bare:.2f} |"
        )
    lines += [
        "",
        "| published genotype | score | bare passes, channels last | bare passes |",
        "|---|---|---|---|",
    ]
    for one in found["cost-darts-8"]:
        times = one["seconds"]
        lines.append(
            f"| {one['architecture']} | {times[POSITIONAL] / times['contiguous']:.2f} | "
            f"{times['channels last'] / times['contiguous']:.2f} | {times['contiguous']:.2f} s |"
        )
    lines += [
        "",
        "## `croze-official` relative to a plain implementation",
        "",
        "The plain implementation in float64, `perf/plain_official.py`, is the oracle of the tests;",
        "where a score exists, the two agree to 1e-9. Batch 8; for DARTS the first published genotypes.",
        "",
        "| space | networks | median | mean | worst |",
        "|---|---|---|---|---|",
    ]
    for space in ("nasbench201", "darts"):
        costs = found[f"official-{space}"]
        both = ratios(costs, "croze-official", official_cost.PLAIN)
        lines.append(f"| {space} | {len(costs)} | {summary(both)} |")
    held, spent = found["memory"]
    lines += [
        "",
        "## Scaling",
        "",
        f"![Cost over batch, depth and seeds]({figure.name if figure.parent == Path() else figure})",
        "",
        "Batch and seeds: one NAS-Bench-201 cell. Depth: AdvRush with 16 channels.",
        "",
        "| | setting | relative to the smallest | relative cost |",
        "|---|---|---|---|",
    ]
    for name, curve in found["curves"].items():
        for setting, times, grown in scaling.growth({int(k): v for k, v in curve}):
            lines.append(f"| {name} | {setting} | {times:g} | {grown:.2f} |")
    lines += [
        "",
        f"Memory: AdvRush at 20 cells and 36 channels on a batch of 256 has a peak of {held:.1f} GiB",
        f"(resident memory of the process, {spent:.0f} s). [memory.md](memory.md) has every proxy on",
        "NAS-Bench-201.",
        "",
        "## Dtype",
        "",
        "The criterion for a dtype of the engine is the agreement with float64 on 300 NAS-Bench-201 cells:",
        "rho of at least .995, and 18 of the 20 best cells in common. bfloat16 is torch's autocast.",
        "",
        "| dtype | cells | rho | common among the 20 best | largest relative difference |",
        "|---|---|---|---|---|",
    ]
    for dtype in DTYPES:
        kept = found[f"order-{dtype}"]
        lines.append(
            f"| {dtype} | {kept['count']} | {kept['rho']:.5f} | {kept['top']} | "
            f"{kept['largest_difference']:.1e} |"
        )
    return "\n".join(lines) + "\n" + REMARKS


REMARKS = """
## Optimisations

- Channels-last layout, and faster implementations of layers that are slow in torch (`croze.nn.kernels`):
  gradients of depthwise convolutions with a dilation or a kernel larger than 3x3, average pooling, BatchNorm
  after a concatenation, one rectified map for all edges that start with a rectifier, and depthwise
  convolutions in float64.
- Networks of repeated cells are copied cell by cell instead of built layer by layer (same weights).
- One traversal of the modules for all passes; norms and cosines of layers of one shape in one call.

## Attempts without benefit

- Other settings of the C library's allocator and huge pages: a few percent in time, but the bare passes gain
  as much, and processes would keep their peak memory.
- 1x1 convolutions as matrix products (a custom autograd function, `mm`, `linear`, or the batch folded so that
  oneDNN is used): faster in isolation, not within a network.
- Merging the 3x3 convolutions of one map: they already run at the machine's peak.
- Intercepting operations with a `TorchFunctionMode` instead of per layer: costs 1 to 2% of the bare passes.
- Pausing Python's garbage collector: 1%.
- float64 convolutions of NAS-Bench-201 (16 to 64 channels) as shifted or blocked matrix products: no faster
  than torch's; `croze-official` therefore gains less there.
- bfloat16 (see the table): scores would depend on the processor's support, while scores of different machines
  have to agree to 1e-5. Not offered.

## GPU

`perf/gpu.py` extrapolates the time for 5,000 random DARTS candidates from 300, with several workers on one
GPU, reports the utilisation of the GPU, and compares the scores with those of the CPU. **Neither the script
nor the engine's CUDA path has run on a GPU yet.**
"""


def plot(curves: dict[str, list[tuple[int, float]]], target: Path) -> None:
    figure = Figure(figsize=(9, 3), layout="constrained")
    labels = {"batch": "images in the batch", "cells": "cells of the network", "seeds": "seeds"}
    for axis, (name, curve) in zip(figure.subplots(1, len(curves)), curves.items(), strict=True):
        settings, times = zip(*curve, strict=True)
        axis.plot(settings, times, "o-", label="measured")
        axis.plot(settings, [times[-1] * s / settings[-1] for s in settings], "--", label="proportional")
        axis.set(xlabel=labels[name], ylabel="seconds", xlim=(0, None), ylim=(0, None))
        axis.grid(alpha=0.3)
        axis.legend(frameon=False)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--page", type=Path, default=Path("docs/performance.md"))
    parser.add_argument("--figure", type=Path, default=Path("docs/figures/performance.png"))
    parser.add_argument("--folder", type=Path, default=Path("runs/performance"))
    parser.add_argument("--section", action="append", default=[], choices=list(SECTIONS))
    options = parser.parse_args()
    found = measured(options.folder, options.section)
    plot(found["curves"], options.figure)
    shown = options.figure.relative_to(options.page.parent)
    command = f"python perf/performance_page.py {shlex.join(sys.argv[1:])}".strip()
    write_text(options.page, page(found, command, shown))
    print(f"torch {torch.__version__}: {options.page} and {options.figure} written")


if __name__ == "__main__":
    main()
