"""What ground truth costs: opening raw files and compact tables, one query, and memory.

    python perf/truth.py --data ../shared/data

Each line is one source, every figure from a process of its own: seconds of processor time to open it from its
raw files and from its table, their ratio, milliseconds of one query (an architecture by its string, all
columns), and the most memory in MiB of a process that opens it and answers; the last line is one that imports
`croze.truth` alone. NAS-RobBench-201 is made up at its full size beside the real sample, for only that
shows what its format costs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

OPENED = """
import json, resource, sys, time
from croze.truth import open_truth
start = time.process_time()
truth = open_truth(sys.argv[1], "cifar10")
opened = time.process_time() - start
names = truth.architectures[:: max(1, len(truth) // 1000)]
truth.lookup(names[0])
start = time.perf_counter()
for name in names:
    place = truth.lookup(name)
    row = {column: float(values[place]) for column, values in truth.columns.items()}
query = (time.perf_counter() - start) / len(names)
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([opened, query, memory, len(truth), len(truth.columns)]))
"""

BARE = "import resource, croze.truth; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"


def main() -> None:
    """Open every source from raw files and from its table, several times over."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    data: Path = options.data
    meta = data / "robust_nb201" / "meta.json"
    sample = data / "nas_robbench201" / "sample.json"
    with tempfile.TemporaryDirectory() as folder:
        full = Path(folder) / "full.json"
        full.write_text(made_up(json.loads(meta.read_text())["ids"]), encoding="utf-8")
        sources = {
            "nasbench201": f"nasbench201:{data / 'nas_bench_201' / 'cifar10_test_accuracy.csv'}",
            "robust-nb201": f"robust-nb201:{meta.parent}",
            "nas-robbench201 (sample)": f"nas-robbench201:{sample}?ids={meta}",
            "nas-robbench201 (full size)": f"nas-robbench201:{full}?ids={meta}",
            "tiny-robustbench (sample)": f"tiny-robustbench:{data / 'tiny_robustbench' / 'sample.json'}",
            "nas-bench-301": f"nas-bench-301:{data / 'nas_bench_301' / 'zc_nasbench301.json'}",
        }
        print(f"{'source':28} {'cells':>6} {'columns':>7} {'raw s':>7} {'table s':>8} {'ratio':>6} "
              f"{'query ms':>9} {'MiB raw':>8} {'MiB table':>9}")  # fmt: skip
        for name, spec in sources.items():
            cold, warm = [], []
            for repeat in range(options.repeats):
                cache = Path(folder) / f"cache {repeat}"
                cold.append(run(spec, cache))
                warm.append(run(spec, cache))
            (raw, _, raw_memory, cells, columns), (table, query, memory, _, _) = min(cold), min(warm)
            print(
                f"{name:28} {cells:6.0f} {columns:7.0f} {raw:7.3f} {table:8.4f} {raw / table:6.0f} "
                f"{1000 * query:9.4f} {raw_memory:8.0f} {memory:9.0f}"
            )
    done = subprocess.run([sys.executable, "-c", BARE], capture_output=True, text=True, check=True)
    print(f"{'bare':28} {'':57} {float(done.stdout):9.0f}")


def run(spec: str, cache: Path) -> list[float]:
    """Seconds to open, seconds a query, MiB, architectures, columns."""
    done = subprocess.run(
        [sys.executable, "-c", OPENED, spec],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "CROZE_CACHE": str(cache)},
    )
    figures: list[float] = json.loads(done.stdout)
    return figures


def made_up(ids: dict[str, dict[str, str]]) -> str:
    """NAS-RobBench-201 in its format with accuracies from a generator: only its size is of interest."""
    rng = random.Random(0)
    entries = {
        number: [rng.random() for _ in range(18)] if entry["isomorph"] == number else entry["isomorph"]
        for number, entry in ids.items()
    }
    return f"acc={json.dumps(entries)}"


if __name__ == "__main__":
    main()
