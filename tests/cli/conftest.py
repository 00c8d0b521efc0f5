from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from croze.__main__ import main

TINY = ("--channels", "4", "--cells", "1")


@dataclass(frozen=True)
class Outcome:
    """What a command did: its exit code and what it wrote on either stream."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Outcome]


@pytest.fixture
def croze(monkeypatch, capsys, tmp_path) -> Command:
    """Runs the command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr("sys.argv", ["croze", *map(str, arguments)])
        capsys.readouterr()
        try:
            code = main()
        except SystemExit as end:
            code = 0 if end.code is None else end.code
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def refused(croze):
    """Runs a command that must fail for bad input, and gives the one line that says why."""

    def run(*arguments: object) -> str:
        outcome = croze(*arguments)
        assert outcome.code == 2, outcome
        assert outcome.out == ""
        assert outcome.err.count("\n") == 1, outcome.err
        assert outcome.err.startswith("croze: error: ")
        return outcome.err

    return run


@pytest.fixture
def misused(croze):
    """Runs a command whose options cannot be read: usage, a hint and the error."""

    def run(*arguments: object) -> str:
        outcome = croze(*arguments)
        assert outcome.code == 2, outcome
        assert outcome.out == ""
        assert outcome.err.startswith("Usage: ")
        assert "Traceback" not in outcome.err
        return outcome.err.splitlines()[-1]

    return run
