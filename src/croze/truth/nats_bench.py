"""Reader of the official NATS-Bench archive (Dong et al., TPAMI 2021), topology space, `simple` folder.

```
NATS-tss-v1_0-3ffb9-simple/meta.pickle.pbz2      the strings of all cells
NATS-tss-v1_0-3ffb9-simple/000000.pickle.pbz2    everything measured of the first, and so on
```

The package `nats_bench` of the benchmark's authors reads it. It unpickles the files, and a pickle may run any
code: open the archive of the authors and no other. Of every cell the test accuracy after 200 epochs is kept,
the mean over its seeds: of CIFAR-10 on all test images after training on the training and validation images,
of CIFAR-100 and ImageNet16-120 on the benchmark's own test half.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.truth.cache import Blocks
from croze.truth.classes import classes_of
from croze.truth.columns import CLEAN, OF_STRING
from croze.truth.nasbench201 import DATASETS, NETWORK, SPACE
from croze.truth.raw import RawFiles, Reader, known_dataset
from croze.truth.truth import Provenance, Truth

NAME = "nats-bench"

EPOCHS = "200"

ENDING = ".pickle.pbz2"

META = f"meta{ENDING}"

BLOCK = 250
"""Cells that are read between two notes of how far it got."""

SPELLED = {"imagenet16-120": "ImageNet16-120"}
"""Data sets that the archive spells in another way."""


def inputs(path: Path, dataset: str) -> RawFiles:
    """What `read` is going to read: all of the archive."""
    names = sorted(os.listdir(path)) if path.is_dir() else []
    return RawFiles(str(path), {name: path / name for name in names if name.endswith(ENDING)})


def read(path: Path, dataset: str, watch: Callable[[int, int], None] | None = None) -> Truth:
    """The truth of one data set.

    All three data sets are read in one go, in blocks that the cache keeps: what was stopped goes on where it
    was, and another data set takes no time.

    Args:
        path: the folder `NATS-tss-v1_0-3ffb9-simple`.
        dataset: cifar10, cifar100 or imagenet16-120, in upper or lower case.
        watch: told how many cells are done, of how many.

    Returns:
        A truth with the columns `clean` (the class's mean) and `clean-of-string`, as of `nasbench201`.

    Raises:
        CrozeError: an unknown data set, the package is missing, or a file is missing, damaged or not as
            described above.
    """
    wanted = known_dataset(NAME, DATASETS, dataset)
    create = _package()
    if not (path / META).is_file():
        raise CrozeError(
            f"{NAME} needs {path / META}, which is missing: name the unpacked folder "
            f"NATS-tss-v1_0-3ffb9-simple; `croze data get {NAME}` says where it comes from."
        )
    api = _guarded(path / META, lambda: create(str(path), "tss", fast_mode=True, verbose=False))
    strings = tuple(api.meta_archs)
    files = [path / f"{i:06d}{ENDING}" for i in range(len(strings))]
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise CrozeError(
            f"{path} must hold a file of each of its {len(strings):,} cells; {len(missing):,} are missing, "
            f"the first is {missing[0].name}: unpack the archive again."
        )
    measured, digest = _measured(api, files, Blocks(NAME, READER.version, inputs(path, dataset)), watch)
    accuracies = np.ascontiguousarray(measured[:, DATASETS.index(wanted)])
    representative, place = _classes(path, strings)
    means = np.bincount(place, accuracies) / np.bincount(place)
    return Truth(
        NAME,
        wanted,
        strings,
        representative,
        {CLEAN: means[place], CLEAN + OF_STRING: accuracies},
        Provenance(str(path), {f"{path.name}, {1 + len(files)} files": digest}),
        SPACE,
        NETWORK,
        training="standard",
    )


def _package() -> Callable[..., Any]:
    try:
        from nats_bench import create
    except ImportError:
        raise CrozeError(
            f"{NAME} is read by the package nats_bench, which is not installed: "
            "`pip install 'croze[nats]'`, or use the accuracies as CSV (nasbench201:FILE.csv)."
        ) from None
    found: Callable[..., Any] = create
    return found


def _measured(
    api: Any, files: Sequence[Path], blocks: Blocks, watch: Callable[[int, int], None] | None
) -> tuple[NDArray[np.float64], str]:
    """Accuracies in [0, 1], `(cells, data sets)`, and one digest of all files."""
    meta = files[0].parent / META
    digests = [hashlib.sha256(meta.read_bytes()).hexdigest()]
    parts = []
    for first in range(0, len(files), BLOCK):
        known = blocks.load(first)
        if known is None:
            rows = [_cell(api, first + i, file) for i, file in enumerate(files[first : first + BLOCK])]
            known = np.array([row for row, _ in rows]), [digest for _, digest in rows]
            blocks.store(first, *known)
        parts.append(known[0])
        digests += known[1]
        if watch is not None:
            watch(min(first + BLOCK, len(files)), len(files))
    return np.concatenate(parts), hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _cell(api: Any, index: int, file: Path) -> tuple[list[float], str]:
    """The accuracies of a cell, in the order of `DATASETS`, and the digest of its file."""

    def query() -> list[float]:
        found = [
            float(
                api.get_more_info(index, SPELLED.get(name, name), hp=EPOCHS, is_random=False)["test-accuracy"]
            )
            for name in DATASETS
        ]
        # the package keeps all that it has read, some gigabytes in the end
        api.arch2infos_dict.pop(index, None)
        api.evaluated_indexes.discard(index)
        return found

    percents = _guarded(file, query)
    if not all(0 <= percent <= 100 for percent in percents):
        raise CrozeError(f"{file} must hold accuracies in percent, got {percents}.")
    return [percent / 100 for percent in percents], hashlib.sha256(file.read_bytes()).hexdigest()


def _guarded(file: Path, action: Callable[[], Any]) -> Any:
    """What the package returns; whatever it raises on a damaged file becomes one sentence."""
    try:
        return action()
    except Exception as problem:
        reason = str(problem).strip().splitlines()
        raise CrozeError(
            f"{file} cannot be read as a file of NATS-Bench ({type(problem).__name__}"
            f"{': ' + reason[0][:100] if reason else ''}): unpack the archive again."
        ) from problem


def _classes(path: Path, strings: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    # only when asked for: the space brings its networks along, which the other benchmarks do without
    from croze.spaces.nasbench201.cell import expression, parse

    try:
        return classes_of(strings, [expression(parse(string)) for string in strings])
    except CrozeError as problem:
        raise CrozeError(f"{path / META}: {problem}") from None


READER = Reader(NAME, read, inputs, version=1, slow=True)
