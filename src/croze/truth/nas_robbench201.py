"""Reader of NAS-RobBench-201 (Wu et al., ICLR 2024): adversarially trained cells of NAS-Bench-201.

```
acc={"5487": [18 accuracies], "4194": "14", ...}
```

A Python literal by the number of the cell: its accuracies in [0, 1], or the number of the isomorphic cell
that has them. The 18 are clean, FGSM and PGD at 3/255, FGSM and PGD at 8/255 and AutoAttack, of CIFAR-10,
then of CIFAR-100, then of ImageNet16-120. Numbers are those of NAS-Bench-201, which `meta.json` of Robust
NAS-Bench-201 resolves to strings.
"""

from __future__ import annotations

import ast
import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from croze.errors import CrozeError
from croze.files import read_bytes
from croze.truth.columns import AUTOATTACK
from croze.truth.nasbench201 import DATASETS, NETWORK, SPACE
from croze.truth.raw import RawFiles, Reader, known_dataset
from croze.truth.robust_nasbench201 import read_numbers
from croze.truth.truth import Provenance, Truth

NAME = "nas-robbench201"

COLUMNS = ("clean", "fgsm@3", "pgd@3", "fgsm@8", "pgd@8", AUTOATTACK)
"""Of each data set, in the order of the file."""

IDS = "?ids="
"""What stands before the path of `meta.json` where it is not beside the file."""

META = "meta.json"


def inputs(path: Path, dataset: str) -> RawFiles:
    """What `read` is going to read."""
    file, numbers = _paths(path)
    return RawFiles(str(file), {file.name: file, numbers.name: numbers})


def read(path: Path, dataset: str) -> Truth:
    """The truth in the file, with `meta.json` of Robust NAS-Bench-201 beside it or named by `FILE?ids=META`.

    Its columns are `COLUMNS`. Cells whose representative the file does not hold are left out, as in a sample
    of it.

    Raises:
        CrozeError: an unknown data set, a file that is missing or not as described above.
    """
    wanted = known_dataset(NAME, DATASETS, dataset)
    file, numbers = _paths(path)
    if not numbers.is_file():
        raise CrozeError(
            f"{NAME} needs {META} of Robust NAS-Bench-201, which says what its numbers stand for, and "
            f"{numbers} is no file: name it as {NAME}:{file}{IDS}PATH."
        )
    content = read_bytes(file, f"{NAME} from")
    entries = _entries(file, content)
    strings, names, meta = read_numbers(numbers)
    measured = {number: value for number, value in entries.items() if isinstance(value, list)}
    kept = {
        number: value if isinstance(value, str) else number
        for number, value in entries.items()
        if isinstance(value, list) or value in measured
    }
    unknown = [number for number in kept if number not in strings]
    if unknown:
        raise CrozeError(f"{numbers} knows no cell {unknown[0]}, which {file} has: name another.")
    place = {number: i for i, number in enumerate(kept)}
    first = len(COLUMNS) * DATASETS.index(wanted)
    rows = np.array([measured[one][first : first + len(COLUMNS)] for one in kept.values()])
    return Truth(
        NAME,
        wanted,
        tuple(strings[number] for number in kept),
        np.array([place[one] for one in kept.values()], dtype=np.int64),
        {name: rows[:, k].copy() for k, name in enumerate(COLUMNS)},
        Provenance(str(file), {file.name: hashlib.sha256(content).hexdigest(), **meta}),
        SPACE,
        NETWORK,
        tuple(names[one] for one in kept.values()),
        "adversarial",
    )


def _paths(path: Path) -> tuple[Path, Path]:
    """The file of the accuracies and that of the numbers."""
    text, _, ids = str(path).partition(IDS)
    file = Path(text)
    return file, Path(ids).expanduser() if ids else file.parent / META


def _entries(file: Path, content: bytes) -> dict[str, list[float] | str]:
    """By number the 18 accuracies, or the number of the representative."""
    try:
        name, equals, literal = content.decode().partition("=")
        if name.strip() != "acc" or not equals:
            raise ValueError("it does not begin with acc=")
        found = _literal(literal.strip())
        return {str(number): _entry(value) for number, value in found.items()}
    except (ValueError, SyntaxError, AttributeError, TypeError, MemoryError, RecursionError) as problem:
        raise CrozeError(
            f"{file} must hold acc={{number: [{3 * len(COLUMNS)} accuracies] or the representative's number}}"
            f" ({str(problem)[:100]}): fetch the file again."
        ) from None


def _literal(text: str) -> Any:
    """What the text says; as JSON where it is that, which takes a tenth of the memory."""
    try:
        return json.loads(text)
    except ValueError:
        return ast.literal_eval(text)


def _entry(value: Any) -> list[float] | str:
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    accuracies = [float(accuracy) for accuracy in value]
    if len(accuracies) != 3 * len(COLUMNS) or not all(math.isfinite(a) and 0 <= a <= 1 for a in accuracies):
        raise ValueError(f"a cell has {len(accuracies)} values, or some outside [0, 1]")
    return accuracies


READER = Reader(NAME, read, inputs, version=1)
