"""How long 5,000 random DARTS candidates take on one GPU, extrapolated from those that are scored.

    python perf/gpu.py --device cuda:0 --workers 6 --candidates 300 --batch-size 8

20 cells, 36 channels, `croze-positional`. Prints candidates a second, milliseconds a candidate, how busy the
card was meanwhile (`nvidia-smi`, sampled once a second), the extrapolated time, and how the first candidates'
scores compare with those of the CPU: median relative difference and Spearman's rho. The paper's search took
17,066 s for 5,000 candidates on one RTX 3090.

Exits with 2 where torch sees no such device. Written without a GPU at hand: this path has not run on one.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import threading
import time

from croze.data import load_batch
from croze.errors import CrozeError
from croze.proxies import Proxy, parse_proxies, parts_of
from croze.scoring.evaluator import Evaluator, check_devices
from croze.scoring.execution import make_executor
from croze.scoring.machine import calibrate
from croze.spaces import open_space
from croze.stats import spearman

WANTED = 5000


class Busy(threading.Thread):
    """Samples how much of the time the card is busy, in percent."""

    def __init__(self, index: int) -> None:
        super().__init__(daemon=True)
        self._index = index
        self._over = threading.Event()
        self.samples: list[float] = []

    def run(self) -> None:
        query = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
        while not self._over.wait(1.0):
            try:
                told = subprocess.run([*query, f"--id={self._index}"], capture_output=True, text=True)
                self.samples.append(float(told.stdout.strip()))
            except (OSError, ValueError):
                return

    def stop(self) -> str:
        self._over.set()
        return f"{statistics.mean(self.samples):.0f}%" if self.samples else "unknown (no nvidia-smi)"


def timed(
    evaluator: Evaluator, proxy: Proxy, device: str, workers: int, candidates: int
) -> tuple[float, str]:
    """Seconds a candidate, and how busy the card was."""
    index = int(device.partition(":")[2] or 0)
    busy = Busy(index)
    busy.start()
    rate = calibrate(evaluator, proxy, 0.0, workers, (device,) * workers, at_least=candidates)
    return rate.seconds / rate.candidates, busy.stop()


def compared(evaluator: Evaluator, proxy: Proxy, device: str, count: int) -> tuple[float, float]:
    """Median relative difference from the CPU's scores, and rho with them."""
    rng = random.Random(1)
    requests = [(str(evaluator.space.sample(rng)), (proxy,)) for _ in range(count)]
    values: list[dict[str, float]] = []
    for devices in ((device,), ()):
        executor = make_executor(evaluator, 0, devices=devices, lost=evaluator.lost)
        try:
            for request in requests:
                executor.submit(request)
            found = {request[0]: scores[0].value for request, scores in executor.results()}
        finally:
            executor.close()
        values.append({text: value for text, value in found.items() if value is not None})
    shared = [text for text in values[0] if text in values[1]]
    pairs = [(values[0][text], values[1][text]) for text in shared]
    return (
        statistics.median(abs(a - b) / abs(b) for a, b in pairs),
        spearman([a for a, _ in pairs], [b for _, b in pairs]),
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--workers", type=int, default=6, help="processes that share the card")
    parser.add_argument("--candidates", type=int, default=300)
    parser.add_argument("--batch-size", default="8,64")
    parser.add_argument("--compare", type=int, default=50, help="candidates also scored on the CPU; 0: none")
    parser.add_argument("--proxy", default="croze-positional")
    parser.add_argument("--layers", type=int, default=20)
    parser.add_argument("--channels", type=int, default=36)
    options = parser.parse_args()
    try:
        check_devices([options.device])
    except CrozeError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    (proxy,) = parts_of(parse_proxies(options.proxy))
    space = open_space("darts", layers=options.layers, channels=options.channels)
    for size in map(int, options.batch_size.split(",")):
        batch = load_batch("digits", size=size, seed=0)
        evaluator = Evaluator(space, batch, 0, scores_from=options.device.partition(":")[0])
        start = time.perf_counter()
        each, busy = timed(evaluator, proxy, options.device, options.workers, options.candidates)
        print(
            f"batch {size}, {options.workers} workers on {options.device}: {1 / each:.2f} candidates/s, "
            f"{1000 * each:.1f} ms each, card busy {busy}; {WANTED} would take {WANTED * each:.0f} s "
            f"({time.perf_counter() - start:.0f} s with starting the workers)",
            flush=True,
        )
        if options.compare:
            difference, rho = compared(evaluator, proxy, options.device, options.compare)
            print(
                f"  against the CPU, {options.compare} candidates: median relative difference "
                f"{difference:.1e}, rho {rho:.4f}"
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
