import json
import signal
import subprocess
import sys
import time

import pytest

from croze.training import TrainingRun

CELL = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|nor_conv_3x3~2|"
TINY = ("train", "--arch", CELL, "--channels", "4", "--cells", "1", "--images", "300", "--batch-size", "32")


def test_a_training_from_beginning_to_end(croze, tmp_path):
    done = croze(
        *TINY, "--epochs", "2", "--out", "run", "--plot", "c.png", "--tensorboard", "tb", "--json", "-"
    )
    assert done.code == 0, done.err
    result = done.json
    assert len(result["history"]) == 2
    assert result == json.loads((tmp_path / "run" / "training.json").read_text())
    assert {p.name for p in (tmp_path / "run").iterdir()} == {
        "training.json",
        "last.safetensors",
        "best.safetensors",
    }
    assert (tmp_path / "c.png").stat().st_size > 5000
    assert list((tmp_path / "tb").glob("events*"))
    again = croze(*TINY, "--epochs", "2", "--out", "run", "--json", "-")
    assert again.json["history"] == result["history"]


def test_the_winner_of_a_search_and_a_model_of_ones_own(croze, tmp_path):
    found = croze(
        "search", "--channels", "4", "--cells", "1", "--budget", "3", "--proxy", "params", "--out", "s"
    )
    assert found.code == 0, found.err
    done = croze("train", "--run", "s", "--images", "300", "--epochs", "1", "--out", "t", "--json", "-")
    assert done.code == 0, done.err
    best = json.loads((tmp_path / "s" / "best.json").read_text())["best"]["architecture"]
    assert done.json["network"] == {
        "space": "nasbench201",
        "settings": {"channels": 4, "cells": 1},
        "architecture": best,
    }
    own = croze("train", "--model", "s/network.py:build", "--images", "300", "--epochs", "1", "--json", "-")
    assert own.code == 0, own.err
    assert own.json["history"] == done.json["history"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("train",), "Give one network"),
        (("train", "--arch", CELL, "--run", "x"), "Give one network"),
        (("train", "--run", "nowhere"), "search.json does not exist"),
        (("train", "--model", "nowhere.py:build"), "not a file"),
        ((*TINY, "--recipe", "madry"), "Unknown recipe"),
        ((*TINY, "--epsilon", "8", "--recipe", "pgd"), "8/255"),
        ((*TINY, "--set", "steps"), "KEY=VALUE"),
        ((*TINY, "--device", "cuda:7"), "cannot be used here"),
        ((*TINY, "--mixed-precision"), "CUDA"),
        ((*TINY, "--images", "99999"), "which has 1797"),
        ((*TINY, "--epochs", "1", "--lr", "1e30"), "diverged in epoch 1"),
    ],
)
def test_mistakes_end_as_one_sentence(croze, arguments, says):
    done = croze(*arguments)
    assert done.code == 2
    assert says in done.err
    assert "Traceback" not in done.err


def test_kill_nine(croze, tmp_path):
    """A real `kill -9` in the middle: the loss curve and the weights are those of a run without it."""
    arguments = [*TINY, "--images", "160", "--epochs", "4", "--recipe", "fast", "--threads", "1"]
    command = [sys.executable, "-m", "croze", *arguments, "--out", "killed"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (tmp_path / "killed" / "last.safetensors").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert TrainingRun.load(tmp_path / "killed").status == "unfinished"
    assert croze(*arguments, "--out", "killed").code == 0
    assert croze(*arguments, "--out", "whole").code == 0
    histories = [TrainingRun.load(tmp_path / run).history for run in ("killed", "whole")]
    assert histories[0] == histories[1]
    for name in ("best.safetensors", "last.safetensors"):
        killed, whole = ((tmp_path / run / name).read_bytes() for run in ("killed", "whole"))
        if name == "last.safetensors":  # its note holds the seconds
            killed, whole = killed[-20000:], whole[-20000:]
        assert killed == whole, name
