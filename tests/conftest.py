from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import settings

from croze.__main__ import main
from croze.data import load_batch
from croze.types import Batch

# a time limit per example fails at random on a machine that others use too
settings.register_profile("croze", deadline=None)
settings.load_profile("croze")

torch.set_num_threads(1)
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
NO_DATA = f"no validation data in {SHARED}"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real validation data beside the repository; it is not part of it."""
    if not SHARED.is_dir():
        pytest.skip(NO_DATA)
    return SHARED


@pytest.fixture(scope="session", autouse=True)
def cache_of_truths(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the tables that truths leave behind; the user's own stays as it is."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROZE_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def digits() -> Batch:
    return load_batch("digits", size=8, seed=0)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """In CI a test that skips although the validation data is there has hidden something: it fails."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") and SHARED.is_dir():
        report.outcome = "failed"
        report.longrepr = f"skipped although {SHARED} exists: {report.longrepr}"
    return report


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
