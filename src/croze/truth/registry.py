"""The one place where a user's `name:path` becomes a truth."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from croze.errors import CrozeError
from croze.truth.cache import Cached
from croze.truth.catalogue import BENCHMARKS
from croze.truth.raw import RawFiles, Reader
from croze.truth.sources import shortcomings
from croze.truth.truth import Truth

Watch = Callable[[int, int], None]
"""Told how many cells of a long conversion are done, of how many."""


def reader_of(name: str) -> Reader:
    """The reader of a benchmark.

    Raises:
        CrozeError: for an unknown name.
    """
    if name not in BENCHMARKS:
        known = ", ".join(sorted(BENCHMARKS))
        raise CrozeError(f"Unknown benchmark {name!r}: expected NAME:PATH with a name out of {known}.")
    reader: Reader = import_module(BENCHMARKS[name]).READER
    return reader


def open_truth(spec: str, dataset: str = "cifar10", watch: Watch | None = None) -> Truth:
    """The truth that `name:path` names, for one data set.

    Raw files are read once; from then on a compact table in the cache answers (`cache`), as long as their
    content stays what it was.

    Args:
        spec: a benchmark and where its data lie, `robust-nb201:FOLDER`, `nasbench201:FILE.csv` or
            `pool:FOLDER`; `~` stands for the home folder.
        dataset: as the benchmark names it, for example `cifar10`.
        watch: told how far a conversion has come that takes minutes (`nats-bench`).

    Raises:
        CrozeError: an unknown benchmark, no path, or whatever its reader objects to.
    """
    name, _, text = spec.partition(":")
    reader = reader_of(name)
    if not text:
        raise CrozeError(f"A benchmark needs its folder or file: write {name}:PATH, got {spec!r}.")
    path = Path(text).expanduser()
    raw = _raw_files(reader, path, dataset)
    place = Cached(name, reader.version, dataset, raw) if raw is not None else None
    if place is not None and (kept := place.load()) is not None:
        return kept
    try:
        truth = reader.read(path, dataset, watch) if reader.slow else reader.read(path, dataset)
    except CrozeError as problem:
        raise CrozeError(f"{problem}{shortcomings(name, raw)}") from problem.__cause__
    except OSError as problem:  # no permission, say
        raise CrozeError(
            f"Cannot read {name} from {problem.filename or path}: {problem.strerror or problem}."
        ) from problem
    if place is not None:
        place.store(truth)
    return truth


def _raw_files(reader: Reader, path: Path, dataset: str) -> RawFiles | None:
    if reader.inputs is None:
        return None
    try:
        return reader.inputs(path, dataset)
    except (CrozeError, OSError):
        return None  # `read` says it better
