"""The benchmarks by name, and the one place where a user's `name:path` becomes a truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from croze.errors import CrozeError
from croze.truth import (
    csv_table,
    nas_bench_301,
    nas_robbench201,
    nasbench201,
    nats_bench,
    robust_nasbench201,
    tiny_robustbench,
)
from croze.truth.cache import Cached
from croze.truth.raw import RawFiles
from croze.truth.sources import shortcomings
from croze.truth.truth import Truth

Watch = Callable[[int, int], None]
"""Told how many cells of a long conversion are done, of how many."""


@dataclass(frozen=True)
class Reader:
    """How a benchmark is read.

    Attributes:
        read: takes the path and the data set; of those that take long, `watch` as well. A text
            `module:function` is imported when a benchmark is opened.
        inputs: which raw files that is going to read; None where they change at any time.
        version: of what `read` makes of them.
        slow: whether `read` takes `watch`.
    """

    read: Callable[..., Truth] | str
    inputs: Callable[[Path, str], RawFiles] | None = None
    version: int = 0
    slow: bool = False

    def __call__(self, path: Path, dataset: str, *watch: Watch | None) -> Truth:
        """What `read` gives."""
        read = self.read
        if isinstance(read, str):
            module, _, name = read.partition(":")
            read = getattr(import_module(module), name)
        return read(path, dataset, *watch)

    @property
    def summary(self) -> str:
        """The first line of the reader's module, without its full stop."""
        module = self.read.partition(":")[0] if isinstance(self.read, str) else self.read.__module__
        return (import_module(module).__doc__ or "").strip().splitlines()[0].rstrip(".")


BENCHMARKS: Mapping[str, Reader] = {
    nasbench201.NAME: Reader(nasbench201.read, nasbench201.inputs, nasbench201.VERSION),
    nats_bench.NAME: Reader(nats_bench.read, nats_bench.inputs, nats_bench.VERSION, slow=True),
    robust_nasbench201.NAME: Reader(
        robust_nasbench201.read, robust_nasbench201.inputs, robust_nasbench201.VERSION
    ),
    nas_robbench201.NAME: Reader(nas_robbench201.read, nas_robbench201.inputs, nas_robbench201.VERSION),
    tiny_robustbench.NAME: Reader(tiny_robustbench.read, tiny_robustbench.inputs, tiny_robustbench.VERSION),
    nas_bench_301.NAME: Reader(nas_bench_301.read, nas_bench_301.inputs, nas_bench_301.VERSION),
    csv_table.NAME: Reader(csv_table.read, csv_table.inputs, csv_table.VERSION),
    "pool": Reader("croze.pool.truth:read"),
}
"""How each benchmark is read, by name."""


def open_truth(spec: str, dataset: str, watch: Watch | None = None) -> Truth:
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
    known = ", ".join(sorted(BENCHMARKS))
    if name not in BENCHMARKS:
        raise CrozeError(f"Unknown benchmark {name!r}: expected NAME:PATH with a name out of {known}.")
    if not text:
        raise CrozeError(f"A benchmark needs its folder or file: write {name}:PATH, got {spec!r}.")
    reader, path = BENCHMARKS[name], Path(text).expanduser()
    raw = _raw_files(reader, path, dataset)
    place = Cached(name, reader.version, dataset, raw) if raw is not None else None
    if place is not None and (kept := place.load()) is not None:
        return kept
    try:
        truth = reader(path, dataset, watch) if reader.slow else reader(path, dataset)
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
