"""Reader of a table of your own, as CSV: `arch` and a column an accuracy.

```
arch,clean,pgd@8
|nor_conv_3x3~0|+|none~0|skip_connect~1|+|skip_connect~0|none~1|nor_conv_3x3~2|,91.2,48.5
```

`csv:FILE?space=darts` names the space, `csv:FILE?unit=percent` the unit, `&` joins the two. Architectures are
read in any notation of the space. Without a unit the numbers decide: all in [0, 1] are fractions, all others
above 1 (but for zeros) are percent, and a file that holds both is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.files import read_bytes
from croze.truth.classes import by_class, classes_of
from croze.truth.columns import OF_STRING
from croze.truth.raw import RawFiles, Reader, number_of, rows_of
from croze.truth.truth import Provenance, Truth

NAME = "csv"

ARCHITECTURE = "arch"
"""The column of the architectures."""

UNITS = {"fraction": 1.0, "percent": 100.0}

OPTIONS = ("space", "unit")

AGAIN = "it is cut short or no CSV: write it anew, each line with its end"


@dataclass(frozen=True)
class Spec:
    """What `FILE?space=...&unit=...` names.

    Raises:
        CrozeError: for an unknown option or unit, or one that stands there twice.
    """

    file: Path
    space: str = "nasbench201"
    unit: str | None = None

    @classmethod
    def of(cls, path: Path) -> Spec:
        """Taken apart at the last `?` that an option follows."""
        text, mark, options = str(path).rpartition("?")
        if not mark or "=" not in options:
            return cls(path)
        given: dict[str, str] = {}
        for option in options.split("&"):
            key, _, value = option.partition("=")
            if key not in OPTIONS or not value or key in given:
                raise CrozeError(
                    f"{NAME}:FILE takes ?space=NAME and unit=percent or fraction, joined by &, each once; "
                    f"got {option!r}."
                )
            given[key] = value
        if given.get("unit", "percent") not in UNITS:
            raise CrozeError(f"A unit is {' or '.join(UNITS)}, got {given['unit']!r}.")
        return cls(Path(text), given.get("space", cls.space), given.get("unit"))


def inputs(path: Path, dataset: str) -> RawFiles:
    """What `read` is going to read; nothing for a space of the user's own, whose file may change as well."""
    spec = Spec.of(path)
    if ":" in spec.space:
        return RawFiles(str(spec.file), {})
    return RawFiles(str(spec.file), {spec.file.name: spec.file}, f"{spec.space} {spec.unit}")


def read(path: Path, dataset: str) -> Truth:
    """The truth of a table, with its columns; `path` may have options behind it, `dataset` is a mere name.

    The space says which architectures are isomorphic: these share a representative. Where they have
    different values, a column holds their mean and `<column>-of-string` each one's own.

    Raises:
        CrozeError: a file that cannot be read, no architecture or one that is there twice, no column, a field
            that is no accuracy, or numbers whose unit is not clear.
    """
    spec = Spec.of(path)
    file = spec.file
    content = read_bytes(file, "the table")
    header, rows = rows_of(file, content, AGAIN, "utf-8-sig")
    names = [name.strip() for name in header]
    _check(file, names)
    architectures, keys = _architectures(spec, [(line, row[names.index(ARCHITECTURE)]) for line, row in rows])
    columns = {
        name: np.array(
            [number_of(row[i], f"{file}, line {line}", f"an accuracy as {name}", 0) for line, row in rows]
        )
        for i, name in enumerate(names)
        if name != ARCHITECTURE
    }
    divisor = UNITS[spec.unit or _unit(file, columns, [line for line, _ in rows])]
    for name, values in columns.items():
        outside = np.flatnonzero(values > divisor)
        if len(outside):
            row = int(outside[0])
            raise CrozeError(
                f"{file}, line {rows[row][0]}: {name} must lie in 0..{divisor:g}, got {values[row]:g}."
            )
    representative, place = classes_of(architectures, keys)
    return Truth(
        NAME,
        dataset.lower(),
        architectures,
        representative,
        by_class({name: values / divisor for name, values in columns.items()}, place),
        Provenance.of_file(file, content),
        spec.space,
        names=tuple(keys),
    )


def _check(file: Path, names: list[str]) -> None:
    if ARCHITECTURE not in names or len(names) < 2:
        raise CrozeError(
            f"{file} must have the column {ARCHITECTURE} and at least one more in its first line; "
            f"it has {', '.join(map(repr, names))}."
        )
    for name in names:
        if not name or names.count(name) > 1 or name.endswith(OF_STRING):
            raise CrozeError(
                f"{file} must name every column in its first line, each once and none {OF_STRING[1:]}; "
                f"got {name!r}."
            )


def _architectures(spec: Spec, texts: list[tuple[int, str]]) -> tuple[tuple[str, ...], list[str]]:
    """The strings as the space writes them, and of each what it shares with isomorphic ones."""
    # only when asked for: spaces bring their networks along
    from croze.spaces import Space, open_space
    from croze.spaces.genotypes import parse_or_suggest, resolve

    space: Space[Any] = open_space(spec.space)
    lines: dict[str, int] = {}
    keys = []
    for line, text in texts:
        try:
            architecture = parse_or_suggest(space, resolve(text.strip(), spec.space)[1])
            keys.append(str(space.canonical(architecture)))
        except CrozeError as problem:
            raise CrozeError(f"{spec.file}, line {line}: {problem}") from None
        first = lines.setdefault(str(architecture), line)
        if first != line:
            raise CrozeError(f"{spec.file}, line {line}: the architecture of line {first} a second time.")
    return tuple(lines), keys


def _unit(file: Path, columns: Mapping[str, NDArray[np.float64]], lines: list[int]) -> str:
    """The unit that all numbers are in.

    Raises:
        CrozeError: when some other than zero are at most 1 and others above.
    """
    small = large = ""
    for name, values in columns.items():
        for found in np.flatnonzero((values > 0) & (values <= 1))[:1]:
            small = small or f"{values[found]:g} ({name}, line {lines[found]})"
        for found in np.flatnonzero(values > 1)[:1]:
            large = large or f"{values[found]:g} ({name}, line {lines[found]})"
    if small and large:
        raise CrozeError(
            f"{file} holds {small} and {large}, so it may be in percent or in fractions: "
            f"write {NAME}:{file}?unit=percent or ?unit=fraction."
        )
    return "percent" if large else "fraction"


READER = Reader(NAME, read, inputs, version=1)
