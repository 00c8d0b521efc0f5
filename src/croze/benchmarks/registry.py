"""The benchmarks by name, and the one place where a user's `name:path` becomes a truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from croze.benchmarks import nas_robbench201, nasbench201, robust_nasbench201, trained_pool
from croze.benchmarks.truth import Truth
from croze.errors import CrozeError

BENCHMARKS: Mapping[str, Callable[[Path, str], Truth]] = {
    nasbench201.NAME: nasbench201.read,
    robust_nasbench201.NAME: robust_nasbench201.read,
    nas_robbench201.NAME: nas_robbench201.read,
    trained_pool.NAME: trained_pool.read,
}
"""Readers by name; a reader takes the path and the data set."""


def open_truth(spec: str, dataset: str) -> Truth:
    """The truth that `name:path` names, for one data set.

    Args:
        spec: a benchmark and where its data lie, `robust-nb201:FOLDER`, `nasbench201:FILE.csv` or
            `pool:FOLDER`; `~` stands for the home folder.
        dataset: as the benchmark names it, for example `cifar10`.

    Raises:
        CrozeError: an unknown benchmark, no path, or whatever its reader objects to.
    """
    name, _, path = spec.partition(":")
    known = ", ".join(sorted(BENCHMARKS))
    if name not in BENCHMARKS:
        raise CrozeError(f"Unknown benchmark {name!r}: expected NAME:PATH with a name out of {known}.")
    if not path:
        raise CrozeError(f"A benchmark needs its folder or file: write {name}:PATH, got {spec!r}.")
    return BENCHMARKS[name](Path(path).expanduser(), dataset)
