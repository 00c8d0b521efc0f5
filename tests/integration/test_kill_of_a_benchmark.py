"""`kill -9` of a running benchmark: the same command goes on, loses nothing and ends where it would have."""

import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

CELLS = 60
PROXIES = "params,naswot,croze-positional"


def command(truth, folder, workers):
    return [
        *(sys.executable, "-m", "croze", "benchmark", f"--truth={truth}", f"--proxies={PROXIES}"),
        *(f"--sample={CELLS}", "--channels=4", "--cells-per-stage=1", "--resamples=20"),
        *(f"--workers={workers}", f"--out={folder}"),
    ]


def stored(folder):
    """Every row of the store, as another reader sees it; none before there is a store."""
    try:
        connection = sqlite3.connect(f"file:{folder / 'scores.sqlite'}?mode=ro", uri=True)
        try:
            return set(connection.execute("SELECT architecture, proxy, value, reason FROM scores").fetchall())
        finally:
            connection.close()
    except sqlite3.OperationalError:
        return set()


def finish(truth, folder):
    subprocess.run(command(truth, folder, 1), check=True, capture_output=True)
    result = json.loads((folder / "benchmark.json").read_text())
    return {key: result[key] for key in ("ranking", "cells", "scored", "selection", "failures")}


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_kills_lose_nothing(tmp_path, shared_data):
    truth = f"robust-nb201:{shared_data / 'robust_nb201'}"
    whole = finish(truth, tmp_path / "whole")
    folder = tmp_path / "killed"
    rng = random.Random(4)
    lasting = set()
    for kill in range(5):
        moment = len(lasting) + rng.randint(1, 5 * CELLS // 6)
        running = subprocess.Popen(
            command(truth, folder, 1 + kill % 2), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while len(stored(folder)) < moment and running.poll() is None:
            time.sleep(0.01)
        running.send_signal(signal.SIGKILL)
        running.wait()
        rows = stored(folder)
        assert lasting <= rows
        lasting = rows
    assert lasting
    assert finish(truth, folder) == whole
    rows = stored(folder)
    assert rows == stored(tmp_path / "whole")
    assert len(rows) == CELLS * 5  # three proxies, the other two sizes
    # a second run only reads
    shutil.copytree(folder, tmp_path / "copy")
    assert finish(truth, tmp_path / "copy") == whole
    assert stored(tmp_path / "copy") == rows
