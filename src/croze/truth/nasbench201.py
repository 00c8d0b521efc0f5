"""Reader of NAS-Bench-201's accuracies (Dong and Yang, ICLR 2020) from a CSV file.

```
arch,cifar10_test_accuracy
|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|,85.863
```

A line an architecture, accuracies in percent. The benchmark trained every string on its own, so members of an
isomorphism class differ by what training leaves to chance.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from croze.errors import CrozeError
from croze.files import read_bytes
from croze.truth.classes import classes_of
from croze.truth.columns import CLEAN, OF_STRING
from croze.truth.raw import Reader, known_dataset, number_of, one_file, rows_of
from croze.truth.truth import Provenance, Truth

NAME = "nasbench201"

SPACE = "nasbench201"

NETWORK = {"channels": 16, "cells": 5}
"""The size of the benchmark's networks: width of the first stage, cells a stage."""

DATASETS = ("cifar10", "cifar100", "imagenet16-120")

ARCHITECTURE = "arch"
"""The column of the architecture strings."""


def read(path: Path, dataset: str) -> Truth:
    """The truth in the columns `arch` and `<data set>_test_accuracy` of the CSV file.

    Returns:
        A truth with the columns `clean`, the mean over the strings of a class that the file holds, and
        `clean-of-string`. The file names no isomorphic architectures, so the space says which they are; the
        representative of a class is the string that comes first in lexicographic order.

    Raises:
        CrozeError: an unknown data set, a file that cannot be read, lacks a column or ends within a line, a
            string that is no cell of the space or is there twice, or an accuracy outside [0, 100].
    """
    wanted = known_dataset(NAME, DATASETS, dataset)
    content = read_bytes(path, "the accuracies")
    measured = _accuracies(path, content, f"{wanted}_test_accuracy")
    names = _names(path, measured)
    representative, place = classes_of(tuple(measured), names)
    accuracies = np.array([value for value, _ in measured.values()])
    means = np.bincount(place, accuracies) / np.bincount(place)
    return Truth(
        NAME,
        wanted,
        tuple(measured),
        representative,
        {CLEAN: means[place], CLEAN + OF_STRING: accuracies},
        Provenance.of_file(path, content),
        SPACE,
        NETWORK,
        names,
        "standard",
    )


def _accuracies(file: Path, content: bytes, column: str) -> dict[str, tuple[float, int]]:
    """By architecture string the accuracy in [0, 1] and the line that holds it."""
    header, rows = rows_of(file, content)
    missing = [name for name in (ARCHITECTURE, column) if name not in header]
    if missing:
        raise CrozeError(
            f"{file} must have the columns {ARCHITECTURE} and {column} in its first line; "
            f"it lacks {' and '.join(missing)}."
        )
    measured: dict[str, tuple[float, int]] = {}
    for line, row in rows:
        fields = dict(zip(header, row, strict=True))
        architecture = fields[ARCHITECTURE]
        if architecture in measured:
            raise CrozeError(f"{file}, line {line}: {architecture} is there a second time; once is expected.")
        percent = number_of(fields[column], f"{file}, line {line}", "an accuracy in percent", 0, 100)
        measured[architecture] = (percent / 100, line)
    return measured


def _names(file: Path, measured: dict[str, tuple[float, int]]) -> tuple[str, ...]:
    """Of every architecture the smallest string of its isomorphism class in all of the space."""
    # only when asked for: the space brings its networks along, which the other benchmarks do without
    from croze.spaces.nasbench201.cell import canonical, parse

    names = []
    for architecture, (_, line) in measured.items():
        try:
            cell = parse(architecture)
        except CrozeError as problem:
            raise CrozeError(f"{file}, line {line}: {problem}") from None
        if str(cell) != architecture:
            raise CrozeError(f"{file}, line {line}: expected the string {cell}, got {architecture!r}.")
        names.append(str(canonical(cell)))
    return tuple(names)


READER = Reader(NAME, read, one_file, version=1)
