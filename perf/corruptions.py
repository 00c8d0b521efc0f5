"""Cost of corrupting 1,000 images of 32 x 32 on one thread, beside the limits.

    python perf/corruptions.py --data parquet:test.parquet
    python perf/corruptions.py --severity 1 --repeats 9

Wall-clock and CPU seconds, medians over rounds that run each corruption once; the first round is a warm-up
and is not counted. The ratio is CPU time over limit, because wall-clock time depends on other processes.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
import torch

from croze.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from croze.data import open_dataset
from croze.nn.seeding import single_thread

LIMITS = {
    **dict.fromkeys(CORRUPTIONS, 0.5),
    **dict.fromkeys(("motion_blur", "snow", "elastic_transform"), 1.5),
    **dict.fromkeys(("glass_blur", "zoom_blur"), 3.0),
}
"""Seconds for 1,000 images at severity 5."""


def measure(images: torch.Tensor, severity: int, repeats: int) -> dict[str, tuple[float, float]]:
    """Median wall-clock and processor seconds of each corruption, for 1,000 images."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in CORRUPTIONS}
    share = 1000 / len(images)
    with single_thread():
        for repeat in range(repeats + 1):
            for name in CORRUPTIONS:
                wall, processor = time.perf_counter(), time.process_time()
                corrupt(images, name, severity)
                spent = time.perf_counter() - wall, time.process_time() - processor
                if repeat:
                    times[name].append((spent[0] * share, spent[1] * share))
    return {
        name: (statistics.median(w for w, _ in found), statistics.median(p for _, p in found))
        for name, found in times.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="digits")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--severity", type=int, default=5, choices=SEVERITIES)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    pixels = open_dataset(options.data).read(np.arange(options.images))
    found = measure(torch.from_numpy(pixels).float() / 255, options.severity, options.repeats)
    size = " x ".join(map(str, pixels.shape[2:]))
    print(
        f"{len(pixels)} images {size} of {options.data}, severity {options.severity}, one thread, medians of "
        f"{options.repeats}; seconds for 1,000 images\n"
    )
    print("| corruption | wall-clock time | CPU time | limit | CPU time / limit |")
    print("|---|---|---|---|---|")
    for name, (wall, processor) in found.items():
        limit = LIMITS[name]
        print(f"| {name} | {wall:.2f} | {processor:.2f} | {limit} | {processor / limit:.2f} |")


if __name__ == "__main__":
    main()
