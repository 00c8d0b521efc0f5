"""What a folder of results holds, as the parts of a report."""

from __future__ import annotations

from pathlib import Path

from croze.errors import CrozeError
from croze.files import read_json
from croze.ranking.run import FILE as BENCHMARK
from croze.ranking.run import SCORES, BenchmarkRun
from croze.reporting.part import Part
from croze.robustness.run import EVALUATION, EvaluationRun
from croze.searching.run import OLD, SearchRun
from croze.training.run import TRAINING, TrainingRun

SEARCH = "search.json"


def parts_of(run: Path) -> tuple[Part, ...]:
    """Every run that lies in the folder, or in a folder of it that an evaluation made.

    Args:
        run: a folder that one of the verbs wrote, or one of their JSON files.

    Raises:
        CrozeError: when there is none, or one cannot be read.
    """
    if run.is_file():
        return (_of_file(run),)
    if not run.is_dir():
        raise CrozeError(
            f"{run} does not exist: name the folder of a search, benchmark, training or evaluation."
        )
    folders = [run, *sorted(child for child in run.iterdir() if child.is_dir())]
    found: list[Part] = []
    for folder in folders:
        found += _of_folder(folder) if folder == run else _evaluations(folder)
    if not found:
        raise CrozeError(
            f"{run} holds no run: looked for "
            f"{', '.join((SEARCH, BENCHMARK, TRAINING, EVALUATION))} and "
            "the scores of an unfinished one."
        )
    return tuple(found)


def _of_folder(folder: Path) -> list[Part]:
    found: list[Part] = []
    there = {name: folder / name for name in (SEARCH, BENCHMARK, SCORES)}
    there = {name: path for name, path in there.items() if path.is_file()}
    if SEARCH in there or any((folder / name).is_file() for name in OLD):
        found.append(SearchRun.load(folder).page())
    if BENCHMARK in there or (SCORES in there and not found):
        found.append(BenchmarkRun.load(folder).page())
    if (folder / TRAINING).is_file():
        found.append(TrainingRun.load(folder).page())
    return [*found, *_evaluations(folder)]


def _evaluations(folder: Path) -> list[Part]:
    return [EvaluationRun.load(folder).page()] if (folder / EVALUATION).is_file() else []


def _of_file(path: Path) -> Part:
    content = read_json(path)
    if path.name == SEARCH or path.name in OLD:
        return SearchRun.load(path.parent).page()
    kinds = {kind.kind: kind for kind in (BenchmarkRun, TrainingRun, EvaluationRun)}
    kind = (content.get("format") or {}).get("kind")
    if kind in kinds:
        return kinds[kind].load(path).page()
    raise CrozeError(f"{path} is no result of a search, benchmark, training or evaluation.")
