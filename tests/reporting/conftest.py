"""Reports of real runs, whose files lie in `found/`, and a browser to look at them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from croze.runs import report_on, runs_in

FOUND = Path(__file__).parent / "found"
RUNS = ("search", "darts", "pareto", "unfinished", "benchmark", "quality", "training")


@pytest.fixture(scope="session")
def found() -> Path:
    """Folders as the verbs wrote them: searches, a benchmark, a training with an evaluation in it."""
    return FOUND


@pytest.fixture(scope="session")
def pages(tmp_path_factory) -> dict[str, Path]:
    """The report of each run, on file."""
    folder = tmp_path_factory.mktemp("reports")
    written = {}
    for name in RUNS:
        written[name] = folder / f"{name}.html"
        written[name].write_text(report_on(runs_in(FOUND / name)).html(), encoding="utf-8")
    return written


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium of the system."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("no Chromium here: install chromium to look at reports in a browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=program, args=["--no-sandbox"], timeout=120_000)
        yield opened
        opened.close()
