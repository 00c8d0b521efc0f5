from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import settings

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


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Programs that a test starts answer Ctrl-C, also where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """In CI a test that skips although the validation data is there has hidden something: it fails."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") and SHARED.is_dir():
        report.outcome = "failed"
        report.longrepr = f"skipped although {SHARED} exists: {report.longrepr}"
    return report
