import json
import math
import os
import signal
import subprocess
import sys
import time

import pytest

from croze.errors import CrozeError
from croze.files import to_json, write_text


def test_a_file_appears_with_its_folder_and_nothing_else(tmp_path):
    path = tmp_path / "new" / "deeper" / "result.json"
    write_text(path, "größer\n")
    write_text(str(path), "second\n")
    assert path.read_bytes() == b"second\n"
    assert os.listdir(path.parent) == ["result.json"]


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "result.json", tmp_path / "folder", tmp_path / ("x" * 300)):
        with pytest.raises(CrozeError, match="Cannot write"):
            write_text(path, "text")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]
    assert (tmp_path / "file").read_text() == "mine"


def test_an_error_in_the_middle_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "result.json"
    write_text(path, "old")

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(CrozeError, match="No space left on device"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["result.json"]


def test_a_device_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_text(pipe, "text")
        assert os.read(reader, 100) == b"text"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_no_name_is_an_error():
    for name in ("", "."):
        with pytest.raises(CrozeError, match="Cannot write"):
            write_text(name, "text")


def test_a_kill_leaves_the_old_file_or_the_new_one(tmp_path):
    path = tmp_path / "result.txt"
    code = (
        "import sys\nfrom croze.files import write_text\n"
        "for i in range(10**9):\n"
        "    write_text(sys.argv[1], str(i % 10) * 300_000)\n"
        "    print(i, flush=True) if i == 0 else None\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE)
    writer.stdout.readline()
    for _ in range(50):
        text = path.read_text()
        assert len(text) == 300_000
        assert len(set(text)) == 1
    time.sleep(0.05)
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    text = path.read_text()
    assert len(text) == 300_000
    assert len(set(text)) == 1


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_in_json_is_refused(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"a": [1.0, value]})


def test_json_round_trip():
    value = {"a": [0.1, 1e-300, None, "ü"], "b": {"c": True}}
    assert json.loads(to_json(value)) == value
    assert to_json(value).endswith("}\n")
