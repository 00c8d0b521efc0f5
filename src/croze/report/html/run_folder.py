"""What a folder of results holds, as the parts of a report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from croze.errors import CrozeError
from croze.report.html.part import Part

SEARCH, COURSE = "best.json", "candidates.json"
BENCHMARK = "benchmark.json"
TRAINING, TRAINED = "run.json", "result.json"
EVALUATION, OUTCOMES = "evaluation.json", "outcomes.sqlite"
SCORES = "scores.sqlite"


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
            f"{', '.join((SEARCH, COURSE, BENCHMARK, TRAINING, EVALUATION))} and "
            "the scores of an unfinished one."
        )
    return tuple(found)


def load_json(path: Path) -> Mapping[str, Any]:
    """The object in a file.

    Raises:
        CrozeError: when it cannot be read or is none.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise CrozeError(
            f"{path} cannot be read as the result of a run ({problem}): its command writes it again."
        ) from None
    if not isinstance(content, dict):
        raise CrozeError(
            f"{path} is no result of a run: it holds no object but {type(content).__name__}; name the folder "
            "of a run."
        )
    return content


def _of_folder(folder: Path) -> list[Part]:
    from croze.report.html.unfinished import scores_part

    found: list[Part] = []
    there = {name: folder / name for name in (SEARCH, COURSE, BENCHMARK, TRAINING, SCORES)}
    there = {name: path for name, path in there.items() if path.is_file()}
    if SEARCH in there or COURSE in there:
        found.append(_search(folder, {n: load_json(p) for n, p in there.items() if n in (SEARCH, COURSE)}))
    if BENCHMARK in there:
        found.append(_benchmark(there[BENCHMARK]))
    if SCORES in there and not found:
        found.append(scores_part(there[SCORES]))
    if TRAINING in there:
        found.append(_training(folder))
    return [*found, *_evaluations(folder)]


def _evaluations(folder: Path) -> list[Part]:
    from croze.report.html.unfinished import outcomes_part

    if (folder / EVALUATION).is_file():
        return [_evaluation(folder / EVALUATION)]
    return [outcomes_part(folder / OUTCOMES)] if (folder / OUTCOMES).is_file() else []


def _of_file(path: Path) -> Part:
    content = load_json(path)
    if "top" in content or "front" in content or "candidates" in content:
        return _search(path.parent, {COURSE if "candidates" in content else SEARCH: content})
    if "rows" in content and "bootstrap" in content:
        return _benchmark(path)
    if "trials" in content:
        return _evaluation(path)
    if "history" in content:
        return _training(path.parent)
    raise CrozeError(f"{path} is no result of a search, benchmark, training or evaluation.")


def _search(folder: Path, load: Mapping[str, Any]) -> Part:
    from croze.report.html.search_part import search_part
    from croze.report.html.search_run import read_search

    return search_part(read_search(folder, load))


def _benchmark(path: Path) -> Part:
    from croze.report.html.benchmark_part import benchmark_part

    return _readable(path, lambda: benchmark_part(load_json(path)))


def _training(folder: Path) -> Part:
    from croze.report.html.training_part import training_part

    return _readable(folder / TRAINING, lambda: training_part(folder))


def _evaluation(path: Path) -> Part:
    from croze.report.html.evaluation_part import evaluation_part

    return _readable(path, lambda: evaluation_part(load_json(path)))


def _readable(path: Path, make: Any) -> Part:
    try:
        part: Part = make()
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as problem:
        raise CrozeError(
            f"{path} is no result that can be read ({type(problem).__name__}: {problem}); run its command "
            "again."
        ) from None
    return part
