"""`kill -9` of a pool in training, and two processes at one: each cell ends as it would have."""

import json
import signal
import subprocess
import sys
import time

import pytest

from croze.pool import Pool

COMMAND = [
    *(sys.executable, "-m", "croze", "pool", "train", "--cells=3", "--cells-per-stage=1", "--channels=4"),
    *("--epochs=3", "--batch-size=32", "--images=300", "--test-images=40", "--attacks=fgsm"),
    *("--corruptions=fog@1", "--workers=1"),
]


def start(folder):
    return subprocess.Popen(
        [*COMMAND, f"--out={folder}"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def finish(*running):
    for process in running:
        _, error = process.communicate(timeout=200)
        assert process.returncode == 0, error


def results(folder):
    return [(member.architecture, dict(member.result.columns)) for member in Pool.load(folder).members]


def begun(folder):
    return len(list(folder.glob("cells/*/training.json")))


@pytest.mark.slow
def test_kills_and_two_processes_at_once(tmp_path):
    whole = tmp_path / "whole"
    finish(start(whole))
    expected = results(whole)
    assert len(expected) == 3

    killed = tmp_path / "killed"
    for cells in (1, 2):
        running = start(killed)
        while begun(killed) < cells and running.poll() is None:
            time.sleep(0.01)
        time.sleep(0.3)  # some steps into the cell
        running.send_signal(signal.SIGKILL)
        running.communicate()
    assert not all((folder / "result.json").exists() for folder in killed.glob("cells/*"))
    finish(start(killed), start(killed))
    finish(start(killed))  # what the other process was at
    assert results(killed) == expected
    for number in range(3):
        one, other = (
            json.loads((pool / f"cells/{number:04d}/training.json").read_text()) for pool in (whole, killed)
        )
        assert one == other
