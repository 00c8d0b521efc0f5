"""The runs that lie in a folder, whatever their kind, and their report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from croze.errors import CrozeError
from croze.files import read_json, write_text
from croze.pool import POOL, Pool
from croze.ranking.run import FILE as BENCHMARK
from croze.ranking.run import SCORES, BenchmarkRun
from croze.reporting.document import Report, report_of
from croze.reporting.run import Run
from croze.robustness.run import EVALUATION, EvaluationRun
from croze.searching.run import FILE as SEARCH
from croze.searching.run import OLD, SearchRun
from croze.training.run import TRAINING, TrainingRun

AnyRun = SearchRun | BenchmarkRun | TrainingRun | EvaluationRun | Pool

KINDS: tuple[type[Run], ...] = (SearchRun, BenchmarkRun, TrainingRun, EvaluationRun)


def load_run(folder: str | Path) -> AnyRun:
    """The run that lies in a folder: finished, unfinished or failed, as `run.status` says.

    >>> import croze
    >>> space = croze.open_space("nasbench201", channels=4, cells=1)
    >>> run = croze.search(space, proxy="params", budget=3, out="runs/loaded")
    >>> croze.load_run("runs/loaded").best == run.best
    True

    Args:
        folder: of a search, benchmark, training, evaluation or pool, or the JSON file of one. Where a
            training and its evaluations lie in one folder, the training.

    Raises:
        CrozeError: when there is none, or it is of a format that this croze does not read.
    """
    return runs_in(folder)[0]


def runs_in(folder: str | Path) -> tuple[AnyRun, ...]:
    """Every run that lies in a folder, and the evaluations in folders inside it; see `load_run`."""
    folder = Path(folder)
    if folder.is_file():
        return (_of_file(folder),)
    if not folder.is_dir():
        raise CrozeError(
            f"{folder} does not exist: name the folder of a search, benchmark, training, evaluation or pool."
        )
    found: list[Any] = []
    if any((folder / name).is_file() for name in (SEARCH, *OLD)):
        found.append(SearchRun.load(folder))
    if (folder / BENCHMARK).is_file() or ((folder / SCORES).is_file() and not found):
        found.append(BenchmarkRun.load(folder))
    if (folder / POOL).is_file():
        found.append(Pool.load(folder))
    if (folder / TRAINING).is_file():
        found.append(TrainingRun.load(folder))
    inside = sorted(child for child in folder.iterdir() if child.is_dir())
    found += [EvaluationRun.load(one) for one in (folder, *inside) if (one / EVALUATION).is_file()]
    if not found:
        looked = ", ".join((SEARCH, BENCHMARK, TRAINING, EVALUATION, POOL))
        raise CrozeError(f"{folder} holds no run: looked for {looked} and the scores of an unfinished one.")
    return tuple(found)


def report(
    runs: Run | str | Path | Iterable[Run | str | Path],
    path: str | Path | None = None,
    watch: Callable[[int, int], None] = lambda done, charts: None,
) -> Path:
    """Write runs as one HTML page that opens offline.

    >>> import croze
    >>> space = croze.open_space("nasbench201", channels=4, cells=1)
    >>> run = croze.search(space, proxy="params", budget=3, out="runs/reported")
    >>> croze.report(run).name
    'report.html'

    Args:
        runs: a run, its folder, or several of either; of a folder every run in it.
        path: of the page; `report.html` in the folder of the first run where none is named.
        watch: called after every chart with the number of those that are drawn, and of all.

    Returns:
        The path of the page.

    Raises:
        CrozeError: without the extra `plot`, for what is no run, or when the page cannot be written.
    """
    several = [runs] if isinstance(runs, Run | str | Path) else list(runs)
    loaded = [one for run in several for one in ((run,) if isinstance(run, Run) else runs_in(run))]
    if not loaded:
        raise CrozeError("A report needs at least one run, got none.")
    page = check_page(loaded[0].folder / "report.html" if path is None else path)
    made = report_on(loaded)
    write_text(page, made.html(lambda done: watch(done, len(made.charts))))
    return page


def report_on(runs: Iterable[Run]) -> Report:
    """The report of these runs, before it is written."""
    return report_of([run.page() for run in runs])


def check_page(path: str | Path) -> Path:
    """The path of a report; a CrozeError when it does not end in .html, or is a folder."""
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise CrozeError(f"Cannot write the report {path}: its name must end in .html.")
    if path.is_dir():
        raise CrozeError(f"Cannot write the report {path}: it is a folder.")
    return path


def _of_file(path: Path) -> Any:
    if path.name in (SEARCH, *OLD):
        return SearchRun.load(path.parent)
    if path.name == POOL:
        return Pool.load(path.parent)
    described = read_json(path).get("format")
    kind = described.get("kind") if isinstance(described, dict) else None
    for run in KINDS:
        if run.kind == kind:
            return run.load(path)
    raise CrozeError(f"{path} is no result of a search, benchmark, training, evaluation or pool.")
