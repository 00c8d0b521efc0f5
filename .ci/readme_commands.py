"""Run every command that the README shows, at example size, and fail when one fails.

A command is a line that begins with `$ ` in a `console` block; a backslash at the end continues it. Budgets
and samples are cut down, and commands on validation data are left out where the folder is not there. Two run
at a time; a command waits for those before it that name a run of its own. What a command prints is shown
when it ends.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
AT_ONCE = 2
RUN_BEFORE = ("make test", "python -m croze.testing.golden tests/golden/croze_forms")
"""What `.ci/run` runs by itself."""

SMALLER = (
    (r"--budget \d+", "--budget 6"),
    (r"--pool \d+", "--pool 4 --population 3"),
    (r"--layers \d+ --channels \d+", "--layers 3 --channels 4"),
    (r"--sample \d+", "--sample 8"),
    (r"--max-params \w+ --max-flops \w+", "--max-params 200k --max-flops 30M"),
    (r"--images \d+", "--images 100"),
    (r"^(croze train .*)--images \d+", r"\1--images 64"),
    (r"^(croze evaluate .*)--images \d+", r"\1--images 10"),
    (r"pgd\(steps=\d+\)", "pgd(steps=2)"),
    (r"pool train --cells \d+", "pool train --cells 3"),
    (r"--test-images \d+", "--test-images 20"),
    (r"corrupt (.*)--limit \d+", r"corrupt \1--limit 5"),
    (r"--epochs \d+", "--epochs 1 --batch-size 32"),
    (r"--limit square=\d+", "--limit square=2"),
    (r"--choose-sample \d+", "--choose-sample 8"),
    (r"--resamples \d+", "--resamples 20"),
    (r"--cells \d+ --repeats \d+", "--cells 1 --repeats 1"),
    (r"--architectures \d+ --repeats \d+", "--architectures 1 --repeats 1"),
    (r"^croze doctor$", "croze doctor --seconds 0.2"),
    (r"^make search$", "make search ARGS='--budget 6'"),
)


def commands(text: str) -> list[str]:
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        joined = block.replace("\\\n", " ")
        found += [line[2:].strip() for line in joined.splitlines() if line.startswith("$ ")]
    return [re.sub(r"\s+", " ", command) for command in found]


def small(command: str) -> str:
    for pattern, replacement in SMALLER:
        command = re.sub(pattern, replacement, command)
    return command


def runs_of(command: str) -> set[str]:
    """The runs that a command writes or reads."""
    return set(re.findall(r"\bruns/[\w-]+", command))


def run(command: str, work: Path, before: Sequence[Future[bool]]) -> bool:
    """Whether it succeeds, once those before it have; a command whose needs failed is not run."""
    if not all(future.result() for future in before):
        print(f"not run, for it needs what failed: {command}", flush=True)
        return False
    environment = os.environ | {"PATH": f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    start = time.monotonic()
    done = subprocess.run(
        command,
        shell=True,
        cwd=work,
        env=environment,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    ending = f"The README's command failed with {done.returncode}: {command}\n" if done.returncode else ""
    # in one piece, for another command may end at the same time
    print(f"$ {command}  # {time.monotonic() - start:.0f} s\n{done.stdout}{ending}", end="", flush=True)
    return not ending


def main() -> int:
    shown = commands((ROOT / "README.md").read_text(encoding="utf-8"))
    if not shown:
        print("The README shows no command.")
        return 1
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        # commands write below the current folder, so they run in one that holds links to the repository
        work = Path(folder) / "main"
        work.mkdir()
        for entry in ROOT.iterdir():
            if entry.name not in (".git", "docs", "runs"):
                (work / entry.name).symlink_to(entry)
        if (ROOT.parent / "shared").is_dir():
            (Path(folder) / "shared").symlink_to(ROOT.parent / "shared")
        begun: dict[str, Future[bool]] = {}
        for command in shown:
            if command in RUN_BEFORE or command.startswith(("git ", "cd ")):
                continue
            if "../shared" in command and not (ROOT.parent / "shared").is_dir():
                print(f"left out (no validation data): {command}")
                continue
            # begun in this order, so that what a command waits for is never behind it
            needs = [future for other, future in begun.items() if runs_of(other) & runs_of(command)]
            begun[command] = pool.submit(run, small(command), work, needs)
        return 0 if all(future.result() for future in begun.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
