"""Reader of Robust NAS-Bench-201 (Jung, Lukasik and Keuper, ICLR 2023) in its original layout.

```
meta.json                          {"ids": {id: {"nb201-string", "isomorph"}}, "epsilons": {key: [eps * 255]}}
<data set>/<key>_accuracy.json     {data set: {key: {"accuracy": {id: number | list}}}}
```

Accuracies lie in [0, 1]; a list runs over the attack's epsilons, or over the five severities of a corruption.
Only one architecture of each isomorphism class was evaluated: all members take its values.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.corruptions.names import CORRUPTIONS, SEVERITIES
from croze.errors import CrozeError
from croze.truth.columns import mean_corruption
from croze.truth.nasbench201 import DATASETS, NETWORK, SPACE
from croze.truth.raw import RawFiles, Reader, json_of, known_dataset
from croze.truth.truth import Provenance, Truth

NAME = "robust-nb201"

ATTACKS = {
    "fgsm@Linf": "fgsm",
    "pgd@Linf": "pgd",
    "aa_apgd-ce@Linf": "apgd-ce",
    "aa_square@Linf": "square",
}
"""File key to column name; a column carries its epsilon in 1/255, as in `fgsm@8`."""

KEYS = ("clean", *ATTACKS, *CORRUPTIONS)
"""What a data set's folder holds a file of; there are no corruptions of ImageNet16-120."""


def inputs(path: Path, dataset: str) -> RawFiles:
    """What `read` is going to read: those files that are there.

    Raises:
        CrozeError: when there is no folder of the data set.
    """
    folder = _folder(path, dataset.lower())
    measured = [folder / f"{key}_accuracy.json" for key in KEYS]
    there = [path / "meta.json", *(file for file in measured if file.is_file())]
    return RawFiles(str(path), {file.relative_to(path).as_posix(): file for file in there})


def read(path: Path, dataset: str) -> Truth:
    """The truth in the folder that holds `meta.json` and one folder per data set.

    Its columns are `clean`, `fgsm@8` (attack and epsilon in 1/255) and `fog@3` (corruption and severity) of
    the files that are there; a file that is absent leaves its columns out. With all 15 corruptions there is
    `corruptions`, the mean over them and their severities.

    Raises:
        CrozeError: an unknown data set, a missing `meta.json` or data set folder, or a file that is not as
            described above.
    """
    wanted = known_dataset(NAME, DATASETS, dataset)
    files = _Files(path)
    meta_file = path / "meta.json"
    if not meta_file.is_file():
        raise CrozeError(f"{NAME} needs {meta_file}, which is missing: name the folder that holds meta.json.")
    meta = files.json(meta_file)
    architectures, representative = _architectures(meta_file, meta)
    folder = _folder(path, wanted)

    representatives, place = np.unique(representative, return_inverse=True)
    columns: dict[str, NDArray[np.float64]] = {}
    for key in KEYS:
        file = folder / f"{key}_accuracy.json"
        if file.is_file():
            names = _columns(meta_file, meta, key)
            measured = _accuracies(file, files.json(file), wanted, key, representatives, len(names))
            columns.update(zip(names, np.take(measured, place, axis=1), strict=True))
    columns |= mean_corruption(columns)
    if not columns:
        raise CrozeError(f"{folder} holds no accuracies: expected files such as clean_accuracy.json.")
    return Truth(
        NAME,
        wanted,
        architectures,
        representative,
        columns,
        Provenance(str(path), files.sha256),
        SPACE,
        NETWORK,
        training="standard",
    )


def read_numbers(meta_file: Path) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """What the numbers of `meta.json`, those of NAS-Bench-201, stand for.

    Returns:
        By number the string, by number the smallest string of its isomorphism class, and by the file's name
        its digest.

    Raises:
        CrozeError: when the file is not as described above.
    """
    files = _Files(meta_file.parent)
    strings, representative = _architectures(meta_file, files.json(meta_file))
    ids = representative.tolist()
    smallest: dict[int, str] = {}
    for string, one in zip(strings, ids, strict=True):
        smallest[one] = min(string, smallest.get(one, string))
    return (
        {str(number): string for number, string in enumerate(strings)},
        {str(number): smallest[one] for number, one in enumerate(ids)},
        files.sha256,
    )


class _Files:
    """Reads JSON files below a root and remembers their digests."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sha256: dict[str, str] = {}

    def json(self, file: Path) -> Any:
        content = file.read_bytes()
        self.sha256[file.relative_to(self.root).as_posix()] = hashlib.sha256(content).hexdigest()
        return json_of(file, content)


def _architectures(file: Path, meta: Any) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The strings and their representatives, by id: ids are the positions."""
    try:
        entries = meta["ids"]
        n = len(entries)
        if n == 0:
            raise ValueError("no ids")
        in_order = [entries[str(i)] for i in range(n)]
        strings = tuple(str(entry["nb201-string"]) for entry in in_order)
        representative = np.array([int(entry["isomorph"]) for entry in in_order], dtype=np.int64)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise CrozeError(
            f'{file} must hold "ids" numbered 0, 1, 2, ..., each with "nb201-string" and "isomorph"; '
            f"reading it stopped at {error!r}."
        ) from None
    known = (representative >= 0) & (representative < n)
    stray = ~known | (representative[np.where(known, representative, 0)] != representative)
    if stray.any():
        i = int(np.flatnonzero(stray)[0])
        raise CrozeError(
            f'{file} must name as every "isomorph" an id that is its own; id {i} has {representative[i]}, '
            "which is not."
        )
    if len(set(strings)) != n:
        raise CrozeError(f"{file} must hold every architecture string once; {n - len(set(strings))} repeat.")
    return strings, representative


def _folder(path: Path, dataset: str) -> Path:
    """The data set's folder, in whatever case it is spelled."""
    try:
        folders = sorted(entry for entry in path.iterdir() if entry.is_dir())
    except OSError as problem:
        raise CrozeError(f"Cannot read the folder {path}: {problem.strerror or problem}.") from problem
    for folder in folders:
        if folder.name.lower() == dataset:
            return folder
    present = ", ".join(folder.name for folder in folders) or "no folder"
    raise CrozeError(f"{path} has no folder for {dataset}: expected one named so, found {present}.")


def _columns(meta_file: Path, meta: Any, key: str) -> list[str]:
    """The columns that the file of a key holds, in the order of its lists."""
    if key == "clean":
        return ["clean"]
    if key in CORRUPTIONS:
        return [f"{key}@{severity}" for severity in SEVERITIES]
    try:
        return [f"{ATTACKS[key]}@{float(epsilon):g}" for epsilon in meta["epsilons"][key]]
    except (KeyError, TypeError, ValueError):
        raise CrozeError(
            f'{meta_file} must hold "epsilons" with a list of numbers for {key}; it does not.'
        ) from None


def _accuracies(
    file: Path, content: Any, dataset: str, key: str, representatives: NDArray[np.int64], width: int
) -> NDArray[np.float64]:
    """Accuracies of the representatives, shape `(width, representatives)`."""
    try:
        spelled = {name.lower(): name for name in content}
        accuracy = content[spelled[dataset]][key]["accuracy"]
        if not isinstance(accuracy, dict):
            raise TypeError
        missing = [i for i in representatives.tolist() if str(i) not in accuracy]
    except (KeyError, TypeError, AttributeError):
        raise CrozeError(
            f'{file} must hold {{"{dataset}": {{"{key}": {{"accuracy": {{id: value}}}}}}}}; it does not.'
        ) from None
    if missing:
        raise CrozeError(
            f"{file} must hold every one of the {len(representatives)} distinct architectures of meta.json; "
            f"{len(missing)} are missing, the first is id {missing[0]}."
        )
    listed = [accuracy[str(i)] for i in representatives.tolist()]
    shape = (len(representatives), width) if key != "clean" else (len(representatives),)
    expected = f"{width} numbers" if key != "clean" else "one number"
    try:
        values = np.array(listed, dtype=np.float64)
    except (TypeError, ValueError):
        raise CrozeError(f"{file} must hold {expected} for every id; some id has something else.") from None
    if values.shape != shape:
        raise CrozeError(f"{file} must hold {expected} for every id; it holds an array of {values.shape}.")
    outside = ~((values >= 0.0) & (values <= 1.0))
    if outside.any():
        first = tuple(np.argwhere(outside)[0])
        raise CrozeError(
            f"{file} must hold accuracies in [0, 1]; id {representatives[first[0]]} has {values[first]:g}."
        )
    return values.reshape(len(representatives), width).T


READER = Reader(NAME, read, inputs, version=1)
