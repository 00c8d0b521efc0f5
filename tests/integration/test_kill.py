"""`kill -9` of a running search: the same command goes on, loses nothing and ends where it would have."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from croze.__main__ import main
from croze.scoring.starting import start_method

BUDGET = 60
COMMAND = [
    *(sys.executable, "-m", "croze"),
    *("search", "--channels=4", "--cells=1", "--proxy=croze-positional"),
    *(f"--budget={BUDGET}", "--population=12", "--tournament=4"),
]


ALL_AT_ONCE = [
    *(sys.executable, "-m", "croze"),
    *("search", "--channels=4", "--cells=1", "--proxy=croze-robust", "--algorithm=AE+warmup+move"),
    *(f"--budget={BUDGET}", "--population=8", "--pool=40", "--guide=snip", "--max-flops=1.2M"),
]
"""An aggregate that ranks anew, a pool that a guide looks at, moves and a limit."""


def start(folder, workers, command=COMMAND):
    return subprocess.Popen(
        [*command, f"--out={folder}", f"--workers={workers}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(folder, workers=1, command=COMMAND):
    """The same command in this process, to its end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["croze", *command[3:], f"--out={folder}", f"--workers={workers}"])
        with pytest.raises(SystemExit) as end:
            main()
    assert end.value.code in (0, None)
    return json.loads((folder / "best.json").read_text())


def stored(folder):
    """Every score in the store, as another reader sees it, sizes left out; none before there is a store."""
    try:
        connection = sqlite3.connect(f"file:{folder / 'scores.sqlite'}?mode=ro", uri=True)
        try:
            return connection.execute(
                "SELECT context, architecture, proxy, value, reason FROM scores WHERE proxy != 'params'"
            ).fetchall()
        finally:
            connection.close()
    except sqlite3.OperationalError:
        return []


def start_fork(folder, workers):
    """The same search in a process that has torch already, which starts ten times as fast."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["croze", *COMMAND[3:], f"--out={folder}", f"--workers={workers}"])
        running = start_method().Process(target=main)
        running.start()
    return running


def kill_at(folder, workers, moment):
    """Start the search, kill it once the store has so many rows; what the store had been seen to hold."""
    running = start_fork(folder, workers)
    seen = []
    while len(seen) < moment and running.is_alive():
        seen = stored(folder)
        time.sleep(0.005)
    running.kill()
    running.join()
    return seen


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    return finish(tmp_path_factory.mktemp("whole"))


def check(folder, uninterrupted, kills, seed):
    rng = random.Random(seed)
    lasting = set()
    for kill in range(kills):
        # moments spread over what is left, so that each kill finds a run at work
        moment = len(lasting) + rng.randint(1, max(1, (BUDGET - len(lasting)) // 2))
        seen = kill_at(folder, 2 if kill % 2 else 1, moment)
        rows = stored(folder)
        assert set(seen) <= set(rows)
        assert lasting <= set(rows)
        assert len({row[:3] for row in rows}) == len(rows)
        lasting = set(rows)
    assert lasting
    result = finish(folder)
    rows = stored(folder)
    assert lasting <= set(rows)
    assert len(rows) == len({row[1] for row in rows}) == BUDGET
    assert result["top"] == uninterrupted["top"]
    assert result["scored"] == BUDGET
    assert result["failed"] == []
    return lasting


def test_three_kills(tmp_path, uninterrupted):
    lasting = check(tmp_path, uninterrupted, 3, seed=11)
    assert len(lasting) < BUDGET


@pytest.mark.slow
def test_twenty_kills(tmp_path, uninterrupted):
    check(tmp_path, uninterrupted, 20, seed=5)


@pytest.mark.slow
def test_kills_at_any_time_at_all(tmp_path, uninterrupted):
    rng = random.Random(3)
    for kill in range(10):
        running = start(tmp_path, 1 + kill % 2)
        time.sleep(rng.uniform(0.5, 6.0))
        running.send_signal(signal.SIGKILL)
        running.communicate()
        assert len(stored(tmp_path)) <= BUDGET
    result = finish(tmp_path, 2)
    assert len(stored(tmp_path)) == BUDGET
    assert result["top"] == uninterrupted["top"]


@pytest.mark.slow
def test_kills_of_a_search_with_everything(tmp_path):
    whole = finish(tmp_path / "whole", command=ALL_AT_ONCE)
    rows_of_whole = set(stored(tmp_path / "whole"))
    rng = random.Random(7)
    folder = tmp_path / "killed"
    lasting = set()
    for kill in range(8):
        running = start(folder, 1 + kill % 2, ALL_AT_ONCE)
        time.sleep(rng.uniform(2.0, 8.0))
        running.send_signal(signal.SIGKILL)
        running.communicate()
        rows = stored(folder)
        assert lasting <= set(rows)
        assert len({row[:3] for row in rows}) == len(rows)
        lasting = set(rows)
    result = finish(folder, 2, ALL_AT_ONCE)
    assert set(stored(folder)) == rows_of_whole
    for key in ("top", "scored", "guided", "rejected_by_limits", "failed"):
        assert result[key] == whole[key], key
