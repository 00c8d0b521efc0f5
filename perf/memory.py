"""Peak memory of every proxy, relative to a plain training step on the same cell and batch.

INTRODUCTION, the head of the page, defines both. On a CPU the blocks are those of the profiler's allocation
events, whose sizes are exact; with CUDA, those of `torch.cuda.max_memory_allocated`, which are rounded up to
512 bytes. Cyclic garbage is not collected during a measurement, so its result repeats to the byte.

    python perf/memory.py --batch-size 8,64 --page docs/memory.md
"""

from __future__ import annotations

import argparse
import gc
import random
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile

from croze.data import load_batch
from croze.nn.scratch import prepare
from croze.nn.seeding import single_thread
from croze.proxies import PROXIES, Proxy, parse_proxies, parts_of
from croze.scoring.score import score_all
from croze.spaces import open_space
from croze.types import Batch

CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_1x1~1|+|skip_connect~0|nor_conv_3x3~1|avg_pool_3x3~2|"
LIMIT = 2.0
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
DTYPES = {"float32": torch.float32, "float64": torch.float64}


@contextmanager
def no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def peak_bytes(run: Callable[[], object]) -> int:
    """The largest number of bytes that `run` has allocated at once; earlier allocations are not counted."""
    with no_collection():
        if DEVICE.type == "cuda":
            torch.cuda.synchronize()
            before = torch.cuda.memory_allocated()
            torch.cuda.reset_peak_memory_stats()
            run()
            torch.cuda.synchronize()
            return torch.cuda.max_memory_allocated() - before
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as watched:
            run()
    assert watched.profiler is not None
    assert watched.profiler.kineto_results is not None
    events = [event for event in watched.profiler.kineto_results.events() if event.name() == "[memory]"]
    alive = peak = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        alive += event.nbytes()
        peak = max(peak, alive)
    return peak


def check_the_method() -> None:
    """Check three cases with a known peak: another torch may report its allocations differently."""
    size = 1 << 20

    def overlapping() -> None:
        a = torch.empty(3 * size, dtype=torch.uint8, device=DEVICE)
        b = torch.empty(2 * size, dtype=torch.uint8, device=DEVICE)
        del a
        c = torch.empty(4 * size, dtype=torch.uint8, device=DEVICE)
        del b, c

    def by_autograd() -> None:
        x = torch.ones(size, device=DEVICE, requires_grad=True)
        y = x.exp().exp()  # x and both results are alive
        del y  # the graph goes, and with it the first result

    def in_place() -> None:
        x = torch.zeros(size, device=DEVICE)
        x.neg_().view(2, -1)[0].neg_()

    for run, expected in ((overlapping, 6 * size), (by_autograd, 12 * size), (in_place, 4 * size)):
        for _ in range(2):
            found = peak_bytes(run)
            if found != expected:
                raise SystemExit(f"{run.__name__}: {found} bytes alive at the peak, {expected} by hand")


def tensors_of(network: nn.Module) -> int:
    held = [*network.parameters(), *network.buffers()]
    return sum(tensor.untyped_storage().nbytes() for tensor in held)


def built(cell: str, batch: Batch, seed: int, flavour: str, dtype: torch.dtype) -> nn.Module:
    space = open_space("nasbench201")
    network = space.build(space.parse(cell), classes=batch.classes, seed=seed, flavour=flavour)
    return network.to(DEVICE, dtype)


def training_step(cell: str, batch: Batch, seed: int, dtype: torch.dtype) -> tuple[int, str]:
    held = 0

    def run() -> None:
        nonlocal held
        network = prepare(built(cell, batch, seed, "benchmark", dtype), torch.channels_last)
        held = tensors_of(network)
        moved = batch.to(DEVICE, dtype)
        optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
        inputs = moved.normalised().contiguous(memory_format=torch.channels_last)
        functional.cross_entropy(network(inputs), moved.labels).backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    peak = peak_bytes(run)
    return peak - held, ""


def scoring(cell: str, batch: Batch, seed: int, proxy: Proxy) -> tuple[int, str]:
    """Bytes, and the reason when there is no score."""
    held = 0
    reason = ""

    def run() -> None:
        nonlocal held, reason
        flavours = open_space("nasbench201").flavours
        flavour = proxy.flavour if proxy.flavour in flavours else flavours[0]
        network = built(cell, batch, seed, flavour, torch.float32)
        held = tensors_of(network)
        (score,) = score_all(network, batch, [proxy], seed=seed, own=True)
        reason = score.reason

    peak = peak_bytes(run)
    return peak - held, reason


def repeated(measure: Callable[[], tuple[int, str]], repeats: int) -> tuple[int, str]:
    found = [measure() for _ in range(repeats)]
    if len({peak for peak, _ in found}) > 1:
        raise SystemExit(f"peaks differ between repetitions: {sorted(peak for peak, _ in found)} bytes")
    return found[0]


def table(cells: list[str], batch: Batch, seed: int, proxies: list[Proxy], repeats: int) -> list[str]:
    """One row per proxy, with its values on the cell with its largest ratio."""
    steps = {
        (cell, name): repeated(partial(training_step, cell, batch, seed, dtype), repeats)[0]
        for cell in cells
        for name, dtype in DTYPES.items()
    }
    rows = []
    for proxy in proxies:
        dtype = proxy.dtype if proxy.dtype in DTYPES else "float32"
        found = []
        for cell in cells:
            peak, reason = repeated(partial(scoring, cell, batch, seed, proxy), repeats)
            step = steps[cell, dtype]
            found.append((not reason, peak / step, peak, step, dtype, proxy.spec, reason))
        rows.append(max(found))
    lines = ["| proxy | peak MB | training step MB | dtype | ratio | |", "|---|---|---|---|---|---|"]
    for _, ratio, peak, step, dtype, name, reason in sorted(rows, key=lambda row: row[1], reverse=True):
        remark = f"no score: {reason}" if reason else f"above {LIMIT:g}" if ratio > LIMIT else ""
        lines.append(f"| `{name}` | {peak / 1e6:.2f} | {step / 1e6:.2f} | {dtype} | {ratio:.2f} | {remark} |")
    return lines


def as_typed(arguments: list[str]) -> str:
    return f"python perf/memory.py {shlex.join(arguments)}".strip()


INTRODUCTION = """\
# Peak memory of a score

Peak memory of scoring one network, relative to a plain training step on the same batch: forward pass,
cross-entropy, a full backward pass that stores every gradient, and an SGD step without momentum. MB are
10^6 bytes.

The peak is the largest number of bytes allocated at once in blocks of torch's allocator, from before the
network is built until the score is computed, minus the network's own parameters and buffers. It includes
inputs, activations, gradients, copies of the network and temporaries inside operators; it excludes the
batch, Python objects and allocations of oneDNN outside torch. The values repeat to the byte with the same
torch on the same type of machine.
{how}

The setting is that of a search, in which scoring may modify the model. `croze.score` preserves the model
and needs a copy of its parameters and buffers in addition. Proxies that compute in float64 (column *dtype*;
the network itself is given in float32) are compared with a training step in float64, all others with
float32. The training step is always that of the benchmark's network; a proxy that is defined on another
flavour of the network, such as `croze-official` and `linear-regions`, is measured on that flavour.
"""

ON_CPU = "Block sizes are those of the profiler's allocation events."
ON_CUDA = (
    "The values are those of `torch.cuda.max_memory_allocated`, whose blocks are rounded up to 512 bytes."
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, default=1, help="cells: the usual one, then random ones")
    parser.add_argument("--repeats", type=int, default=1, help="repetitions, which must give equal values")
    parser.add_argument("--batch-size", default="8,64", help="batch sizes, separated by commas")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--proxies", help="proxies, separated by commas; all by default")
    parser.add_argument("--page", type=Path, help="also write the tables to this file")
    options = parser.parse_args()

    space = open_space("nasbench201")
    rng = random.Random(options.seed)
    cells = [CELL, *(str(space.sample(rng)) for _ in range(options.cells - 1))]
    proxies = parts_of(parse_proxies(options.proxies or ",".join(PROXIES)))
    check_the_method()
    page = [
        INTRODUCTION.format(how=ON_CUDA if DEVICE.type == "cuda" else ON_CPU),
        f"Cell `{CELL}`"
        + (
            f" and {len(cells) - 1} random ones, each proxy on the cell with its largest ratio"
            * (len(cells) > 1)
        ),
        f"({options.data}, seed {options.seed}, {DEVICE.type}, channels last, torch {torch.__version__}):\n",
        f"```console\n$ {as_typed(sys.argv[1:])}\n```",
    ]
    with single_thread():
        for size in map(int, options.batch_size.split(",")):
            batch = load_batch(options.data, size=size, seed=options.seed)
            page += ["", f"## Batch of {size}", ""]
            page += table(cells, batch, options.seed, proxies, options.repeats)
    text = "\n".join(page) + "\n"
    print(text, end="")
    if options.page:
        options.page.write_text(text)


if __name__ == "__main__":
    main()
