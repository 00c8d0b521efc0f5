"""Reader of NAS-Bench-301 cells as NASLib's zero-cost tables hold them (Krishnakumar et al., NeurIPS 2022).

```
{"cifar10": {"[[(0, 0), (1, 5), ...], [(1, 0), ...]]": {"val_accuracy": 93.3, "snip": {"score": 229.9}, ...},
             ...}}
```

By cell, as (input, number of the operation) pairs of the normal and the reduction cell, an accuracy in
percent and the scores of proxies. The accuracy was not measured but predicted by the surrogate of
NAS-Bench-301, so its column is `clean-surrogate`. Networks have 8 cells, 32 channels, no weights of BatchNorm
in the cells.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from croze.errors import CrozeError
from croze.files import read_bytes
from croze.truth.classes import by_class, classes_of
from croze.truth.columns import Column
from croze.truth.raw import Reader, json_of, one_file
from croze.truth.truth import Provenance, Truth

NAME = "nas-bench-301"

SPACE = "darts"

NETWORK = {"layers": 8, "channels": 32, "affine": False}

SURROGATE = "clean-surrogate"
"""The column of the accuracy that the surrogate predicts."""

ACCURACY = "val_accuracy"


def read(path: Path, dataset: str) -> Truth:
    """The truth in the JSON file, with the column `clean-surrogate` and the size of the networks.

    Raises:
        CrozeError: a data set that the file has not, or a file that cannot be read or is not as described.
    """
    content, cells = read_cells(path, dataset)

    # only when asked for: the space brings its networks along
    from croze.spaces.darts import Darts

    space = Darts()
    measured: dict[str, float] = {}
    names = []
    for text, entry in cells.items():
        try:
            genotype = space.parse(text)
        except CrozeError as problem:
            raise CrozeError(f"{path}: {problem}") from None
        value = entry.get(ACCURACY) if isinstance(entry, dict) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
            raise CrozeError(f"{path}: expected {ACCURACY} in percent for {text}, got {value!r}.")
        if str(genotype) in measured:
            raise CrozeError(f"{path}: the cell {text} is there a second time, written in another way.")
        measured[str(genotype)] = value / 100
        names.append(str(space.canonical(genotype)))
    architectures = tuple(measured)
    representative, place = classes_of(architectures, names)
    return Truth(
        NAME,
        dataset.lower(),
        architectures,
        representative,
        by_class({SURROGATE: np.array(list(measured.values()))}, place),
        Provenance.of_file(path, content),
        SPACE,
        NETWORK,
        tuple(names),
        "standard",
        {SURROGATE: Column("clean", "clean, by the surrogate")},
    )


def read_cells(path: Path, dataset: str) -> tuple[bytes, dict[str, Any]]:
    """The file as it is, and what it says of each cell of a data set.

    Raises:
        CrozeError: when it cannot be read, is not complete, or has no cells of the data set.
    """
    content = read_bytes(path, f"{NAME} from")
    found = json_of(path, content)
    if not isinstance(found, dict) or not all(isinstance(cells, dict) for cells in found.values()):
        raise CrozeError(f"{path} must hold {{data set: {{cell: {{...}}}}}}; it does not.")
    of_name = {name.lower(): cells for name, cells in found.items()}
    if not of_name.get(dataset.lower()):
        raise CrozeError(f"{path} has cells of {', '.join(found) or 'no data set'}, asked for {dataset!r}.")
    return content, of_name[dataset.lower()]


READER = Reader(NAME, read, one_file, version=1)
