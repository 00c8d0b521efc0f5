"""Run every command that the README shows, at example size, and fail with the first that fails.

A command is a line that begins with `$ ` in a `console` block; a backslash at the end continues it. Budgets
and samples are cut down, `make test` has run already, and commands on validation data are left out where the
folder is not there.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SMALLER = (
    (r"--budget \d+", "--budget 6"),
    (r"--pool \d+", "--pool 4 --population 3"),
    (r"--layers \d+ --channels \d+", "--layers 3 --channels 4"),
    (r"--sample \d+", "--sample 8"),
    (r"--images \d+", "--images 100"),
    (r"^(croze evaluate .*)--images \d+", r"\1--images 20"),
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


def main() -> int:
    shown = commands((ROOT / "README.md").read_text(encoding="utf-8"))
    if not shown:
        print("The README shows no command.")
        return 1
    environment = os.environ | {"PATH": f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    with tempfile.TemporaryDirectory() as folder:
        # commands write below the current folder, so they run in one that holds links to the repository
        work = Path(folder) / "main"
        work.mkdir()
        for entry in ROOT.iterdir():
            if entry.name not in (".git", "docs", "runs"):
                (work / entry.name).symlink_to(entry)
        if (ROOT.parent / "shared").is_dir():
            (Path(folder) / "shared").symlink_to(ROOT.parent / "shared")
        for command in shown:
            if command == "make test" or command.startswith(("git ", "cd ")):
                continue
            if "../shared" in command and not (ROOT.parent / "shared").is_dir():
                print(f"left out (no validation data): {command}")
                continue
            for pattern, replacement in SMALLER:
                command = re.sub(pattern, replacement, command)
            print(f"$ {command}", flush=True)
            status = subprocess.run(command, shell=True, cwd=work, env=environment, check=False).returncode
            if status:
                print(f"The README's command failed with {status}: {command}")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
