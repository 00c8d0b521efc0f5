"""Reader of the official NATS-Bench archives (Dong et al., TPAMI 2021), topology or size, `simple` folder.

```
NATS-tss-v1_0-3ffb9-simple/meta.pickle.pbz2      the strings of all architectures
NATS-tss-v1_0-3ffb9-simple/000000.pickle.pbz2    everything measured of the first, and so on
NATS-sss-v1_0-50262-simple/...                   the same of the size space
```

The files are pickles of plain containers and numbers, compressed by bzip2; they are read without running
what a pickle may call (`croze.data.unpickle`). Of every architecture the test accuracy after 200 epochs is
kept, after 90 in the size space, as the mean over its seeds that the authors' package `nats_bench` returns:
of CIFAR-10 on all test images after training on the training and validation images, of CIFAR-100 and
ImageNet16-120 on the benchmark's own test half.
"""

from __future__ import annotations

import bz2
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.data.unpickle import load_pickle
from croze.errors import CrozeError
from croze.files import read_bytes
from croze.truth.cache import Blocks
from croze.truth.classes import classes_of
from croze.truth.columns import CLEAN, OF_STRING
from croze.truth.nasbench201 import DATASETS, NETWORK, SPACE
from croze.truth.raw import RawFiles, Reader, known_dataset
from croze.truth.truth import Provenance, Truth

NAME = "nats-bench"

SIZES = "nats-sss"
"""The size space; the topology space is that of NAS-Bench-201."""

EPOCHS = {SPACE: "200", SIZES: "90"}
"""The longest training, by space."""

ENDING = ".pickle.pbz2"

META = f"meta{ENDING}"

BLOCK = 250
"""Cells that are read between two notes of how far it got."""

LARGEST = 2**28
"""Bytes that a file may unpack to; those of the archive take less than a hundredth of it."""

TESTED_ON = {
    "cifar10": ("cifar10", "ori-test"),
    "cifar100": ("cifar100", "x-test"),
    "imagenet16-120": ("ImageNet16-120", "x-test"),
}
"""How the archive spells a data set, and its test images."""


def inputs(path: Path, dataset: str) -> RawFiles:
    """What `read` is going to read: all of the archive."""
    names = sorted(os.listdir(path)) if path.is_dir() else []
    return RawFiles(str(path), {name: path / name for name in names if name.endswith(ENDING)})


def read(path: Path, dataset: str, watch: Callable[[int, int], None] | None = None) -> Truth:
    """The truth in the folder `NATS-tss-v1_0-3ffb9-simple` or `NATS-sss-v1_0-50262-simple`.

    All three data sets are read in one go, in blocks that the cache keeps: what was stopped goes on where it
    was, and another data set takes no time. The topology space has the columns of `nasbench201`, the size
    space `clean` alone. `watch` is told how many cells are done, of how many.

    Raises:
        CrozeError: an unknown data set, or a file is missing, damaged or not as described above.
    """
    wanted = known_dataset(NAME, DATASETS, dataset)
    if not (path / META).is_file():
        raise CrozeError(
            f"{NAME} needs {path / META}, which is missing: name the unpacked folder "
            "NATS-tss-v1_0-3ffb9-simple or NATS-sss-v1_0-50262-simple; "
            f"`croze data get {NAME}` says where it comes from."
        )
    strings = _strings(path / META)
    space = SIZES if ":" in strings[0] else SPACE
    files = [path / f"{i:06d}{ENDING}" for i in range(len(strings))]
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise CrozeError(
            f"{path} must hold a file of each of its {len(strings):,} cells; {len(missing):,} are missing, "
            f"the first is {missing[0].name}: unpack the archive again."
        )
    blocks = Blocks(NAME, READER.version, inputs(path, dataset))
    measured, digest = _measured(files, EPOCHS[space], blocks, watch)
    accuracies = np.ascontiguousarray(measured[:, DATASETS.index(wanted)])
    representative, place = _classes(path, strings, space)
    means = np.bincount(place, accuracies) / np.bincount(place)
    return Truth(
        NAME,
        wanted,
        strings,
        representative,
        {CLEAN: means[place]} | ({CLEAN + OF_STRING: accuracies} if space == SPACE else {}),
        Provenance(str(path), {f"{path.name}, {1 + len(files)} files": digest}),
        space,
        NETWORK if space == SPACE else {},
        training="standard",
    )


def _measured(
    files: Sequence[Path], epochs: str, blocks: Blocks, watch: Callable[[int, int], None] | None
) -> tuple[NDArray[np.float64], str]:
    """Accuracies in [0, 1], `(cells, data sets)`, and one digest of all files."""
    meta = files[0].parent / META
    digests = [hashlib.sha256(meta.read_bytes()).hexdigest()]
    parts = []
    for first in range(0, len(files), BLOCK):
        known = blocks.load(first)
        if known is None:
            rows = [_cell(file, epochs) for file in files[first : first + BLOCK]]
            known = np.array([row for row, _ in rows]), [digest for _, digest in rows]
            blocks.store(first, *known)
        parts.append(known[0])
        digests += known[1]
        if watch is not None:
            watch(min(first + BLOCK, len(files)), len(files))
    return np.concatenate(parts), hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _cell(file: Path, epochs: str) -> tuple[list[float], str]:
    """The accuracies of a cell, in the order of `DATASETS`, and the digest of its file."""
    raw = read_bytes(file, "the accuracies")
    content = _unpacked(file, raw)
    try:
        found = [_accuracy(content[epochs], *TESTED_ON[name]) for name in DATASETS]
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as problem:
        raise CrozeError(
            f"{file} must hold the trainings of a cell by epochs, data set and seed "
            f"({type(problem).__name__}: {str(problem)[:100]}): unpack the archive again."
        ) from None
    if not all(0 <= percent <= 100 for percent in found):
        raise CrozeError(f"{file} must hold accuracies in percent, got {found}.")
    return [percent / 100 for percent in found], hashlib.sha256(raw).hexdigest()


def _accuracy(trained: Mapping[str, Any], dataset: str, images: str) -> float:
    """The mean over seeds of the accuracy after the last epoch, in percent."""
    trials = [trained["all_results"][dataset, seed] for seed in trained["dataset_seed"][dataset]]
    return fmean(float(trial["eval_acc1es"][f"{images}@{int(trial['epochs']) - 1}"]) for trial in trials)


def _strings(file: Path) -> tuple[str, ...]:
    found = _unpacked(file, read_bytes(file, "the cells")).get("meta_archs")
    if not isinstance(found, list) or not found or not all(isinstance(string, str) for string in found):
        raise CrozeError(
            f"{file} must hold the strings of all cells in meta_archs: unpack the archive again."
        )
    return tuple(found)


def _unpacked(file: Path, raw: bytes) -> dict[str, Any]:
    """The dictionary in a compressed pickle."""
    unpacker = bz2.BZ2Decompressor()
    try:
        content = unpacker.decompress(raw, LARGEST)
    except OSError as problem:
        raise CrozeError(f"{file} cannot be read as bzip2 ({problem}): unpack the archive again.") from None
    if not unpacker.eof:
        fault = f"unpacks to more than {LARGEST:,} bytes" if len(content) >= LARGEST else "is cut short"
        raise CrozeError(f"{file} {fault}: unpack the archive again.")
    return load_pickle(file, content)


def _classes(path: Path, strings: Sequence[str], space: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    # only when asked for: spaces bring their networks along, which the other benchmarks do without
    from croze.spaces.nasbench201.cell import expression, parse
    from croze.spaces.nats_size import Widths

    try:
        if space == SIZES:
            return classes_of(strings, [Widths.parse(string) for string in strings])
        return classes_of(strings, [expression(parse(string)) for string in strings])
    except CrozeError as problem:
        raise CrozeError(f"{path / META}: {problem}") from None


READER = Reader(NAME, read, inputs, version=1, slow=True)
