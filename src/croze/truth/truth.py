"""Ground truth of one data set: every architecture of a benchmark with its measured accuracies."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.truth.columns import Column, described

Number = TypeVar("Number", np.float64, np.int64)


@dataclass(frozen=True)
class Provenance:
    """Where a truth was read from.

    Attributes:
        source: the folder or file that was named.
        sha256: hex digest of every file that was read, by its path below `source`.
    """

    source: str
    sha256: Mapping[str, str]

    @classmethod
    def of_file(cls, path: Path, content: bytes) -> Self:
        """Of a truth that was read from one file."""
        return cls(str(path), {path.name: hashlib.sha256(content).hexdigest()})


@dataclass(frozen=True, eq=False)
class Truth:
    """Measured accuracies of n architectures, read-only; position i is the same architecture everywhere.

    Attributes:
        name: the benchmark, as in the registry.
        dataset: the data set, lower case.
        architectures: the n architecture strings, without repeats.
        representative: int64 `(n,)`: the position of the architecture that represents its isomorphism class;
            that one represents itself.
        columns: raw columns by name, float64 `(n,)` each in [0, 1]; members of a class share its value.
        provenance: what was read.
        space: name of the search space that the architectures are of.
        network: the size that all its networks have, as settings of the space (`channels`, `layers`, ...);
            empty where it is not known.
        names: the string that stands for each architecture's isomorphism class in the whole space, `(n,)`, so
            that it does not depend on which strings the truth holds; None where the truth holds it: the
            lexicographically smallest of the class.
        training: `standard` or `adversarial`; empty where it is not known.
        declared: what columns hold whose names do not say it, see `croze.truth.columns`.

    Raises:
        CrozeError: lengths that differ, repeated strings, a representative that does not represent itself,
            or a class with several names.
    """

    name: str
    dataset: str
    architectures: tuple[str, ...]
    representative: NDArray[np.int64]
    columns: Mapping[str, NDArray[np.float64]]
    provenance: Provenance
    space: str = "nasbench201"
    network: Mapping[str, int] = field(default_factory=dict)
    names: tuple[str, ...] | None = None
    training: str = ""
    declared: Mapping[str, Column] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n, first = len(self.architectures), self.representative
        if n == 0:
            raise CrozeError(f"A truth needs at least one architecture, {self.name} has none.")
        if len(self.positions) != n:
            raise CrozeError(
                f"Architecture strings must not repeat, {self.name} has {n - len(self.positions)} repeats."
            )
        if first.shape != (n,):
            raise CrozeError(f"{n} architectures need as many representatives, got shape {first.shape}.")
        if first.min() < 0 or first.max() >= n:
            raise CrozeError(
                f"Representatives are positions in 0..{n - 1}, got {first.min()} to {first.max()}."
            )
        if not np.array_equal(first[first], first):
            wrong = int(np.flatnonzero(first[first] != first)[0])
            raise CrozeError(
                f"Position {first[wrong]} represents architecture {wrong}, so it must represent itself."
            )
        names = self.names
        if names is not None and (
            len(names) != n
            or any(name != names[one] for name, one in zip(names, first.tolist(), strict=True))
        ):
            raise CrozeError(
                f"{n} architectures need as many names of classes, members of one the same, got {len(names)}."
            )
        for column, values in self.columns.items():
            if values.shape != (n,):
                raise CrozeError(f"Column {column} needs {n} values, got shape {values.shape}.")
        object.__setattr__(self, "representative", _read_only(first))
        object.__setattr__(self, "columns", {name: _read_only(v) for name, v in self.columns.items()})

    def __len__(self) -> int:
        return len(self.architectures)

    def lookup(self, architecture: object) -> int:
        """The position of an architecture, given as its string or as a value whose `str` is it.

        Raises:
            CrozeError: the benchmark does not know it.
        """
        try:
            return self.positions[str(architecture)]
        except KeyError:
            raise CrozeError(
                f"{self.name} knows no architecture {str(architecture)!r}: "
                f"its {len(self)} strings look like {self.architectures[0]!r}."
            ) from None

    def values(self, column: str) -> NDArray[np.float64]:
        """A raw column, read-only, shape `(n,)`, in [0, 1].

        Raises:
            CrozeError: there is no such column.
        """
        try:
            return self.columns[column]
        except KeyError:
            near = difflib.get_close_matches(column, self.columns, n=3) or list(self.columns)[:3]
            raise CrozeError(
                f"{self.name} has no column {column!r} for {self.dataset}; "
                f"it has {len(self.columns)}, for example {', '.join(near)}."
            ) from None

    def column(self, name: str) -> Column:
        """What a raw column holds.

        Raises:
            CrozeError: there is no such column.
        """
        self.values(name)
        return self.declared.get(name) or described(name)

    def network_of(self, **asked: int | None) -> dict[str, int | None]:
        """The size of its networks: what is asked for, else the size that they were measured at.

        What neither says stays None, which a space fills with its own default.
        """
        given = {name: value for name, value in asked.items() if value is not None}
        return {**dict.fromkeys(asked), **self.network, **given}

    @cached_property
    def distinct(self) -> NDArray[np.int64]:
        """Positions of the representatives, one per isomorphism class, ascending."""
        return np.flatnonzero(self.representative == np.arange(len(self))).astype(np.int64)

    @cached_property
    def positions(self) -> dict[str, int]:
        """The position of every architecture string."""
        return {architecture: i for i, architecture in enumerate(self.architectures)}


def _read_only(values: NDArray[Number]) -> NDArray[Number]:
    view = values.view()
    view.flags.writeable = False
    return view
