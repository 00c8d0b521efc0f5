"""A pool as a value: its members with their accuracies, as columns, table and page. Needs no network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from croze.corruptions.names import CORRUPTIONS
from croze.errors import CrozeError
from croze.pool.folder import Design, MemberResult, folder_of_member, read_design, read_result
from croze.pool.page import pool_part
from croze.reporting.part import Part
from croze.reporting.run import Run, Status
from croze.reporting.table import Table
from croze.truth.columns import mean_corruption

CLEAN, CORRUPTED = "clean", "corruptions"


@dataclass(frozen=True)
class Member:
    """A trained member: `TrainingRun.load(member.folder).model()` gives its model.

    Attributes:
        architecture: in the notation of the space.
        folder: of its training.
        result: its accuracies.
    """

    architecture: str
    folder: Path
    result: MemberResult


@dataclass(frozen=True, repr=False)
class Pool(Run):
    """What of a pool is done.

    Attributes:
        folder: where it lies.
        design: what it is of.
        members: trained and evaluated, in the order of the design.
        failures: reasons by architecture, of those whose training failed.
    """

    folder: Path
    design: Design
    members: tuple[Member, ...]
    failures: dict[str, str]

    kind = "pool"
    version = 1

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The pool in a folder, as far as it is done.

        Raises:
            CrozeError: when there is none, a result cannot be read, or nothing is done yet.
        """
        folder = Path(folder)
        design = read_design(folder)
        members, failures = [], {}
        for number, architecture in enumerate(design.architectures):
            place = folder_of_member(folder, number)
            result = read_result(place, architecture)
            if result is not None and result.failed:
                failures[architecture] = result.failed
            elif result is not None:
                members.append(Member(architecture, place, result))
        if not members and failures:
            first = next(iter(failures.values()))
            raise CrozeError(
                f"All {len(failures)} members of the pool in {folder} failed, the first: {first}"
            )
        if not members:
            raise CrozeError(f"No member of the pool in {folder} is done yet: run its command again.")
        return cls(folder, design, tuple(members), failures)

    def save(self) -> None:
        """Write the design; results are written as they come."""
        self.design.write(self.folder)

    @property
    def missing(self) -> int:
        """How many members are not done yet."""
        return len(self.design.architectures) - len(self.members) - len(self.failures)

    @property
    def status(self) -> Status:
        """Finished once every member is trained or failed."""
        return "unfinished" if self.missing else "finished"

    @property
    def title(self) -> str:
        """How many of what, and how they are trained."""
        recipe = self.design.recipe
        return (
            f"{len(self.members)} of {len(self.design.architectures)} cells of {self.design.space}, "
            f"{recipe['method']} training for {recipe['epochs']} epochs"
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not done, and what failed."""
        notes = [f"{self.missing} are not done yet."] if self.missing else []
        if self.failures:
            notes.append(f"{len(self.failures)} failed, the first: {next(iter(self.failures.values()))}")
        return tuple(notes)

    def columns(self) -> dict[str, NDArray[np.float64]]:
        """The columns that all members have, in their order, each `(members,)` in [0, 1].

        `clean`, `fgsm@8` (attack and epsilon in 1/255), `fog@3` (corruption and severity), and with all
        corruptions their mean, `corruptions`.

        Raises:
            CrozeError: when a column rests on other images for some members than for others.
        """
        results = [member.result for member in self.members]
        columns = {
            name: np.array([result.columns[name] for result in results], dtype=np.float64)
            for name in results[0].columns
            if all(name in result.columns for result in results)
        }
        for name in columns:
            counts = {result.images[name] for result in results}
            if len(counts) > 1:
                numbers = " and ".join(map(str, sorted(counts)))
                raise CrozeError(
                    f"{name} of the pool in {self.folder} rests on {numbers} images: train the pool "
                    "again with one limit for all cells."
                )
        return columns | mean_corruption(columns)

    @property
    def shown(self) -> tuple[str, ...]:
        """Columns of the table: clean, each attack, the mean over corruptions; the rest is in the frame."""
        columns = self.columns()
        attacks = [name for name in columns if "@" in name and name.partition("@")[0] not in CORRUPTIONS]
        return tuple(name for name in (CLEAN, *attacks, CORRUPTED) if name in columns)

    def table(self, sort: str = CLEAN, top: int = 20) -> Table:
        """The best cells by a column.

        Raises:
            CrozeError: for a column that not every member has.
        """
        columns = self.columns()
        if sort not in columns:
            raise CrozeError(f"The pool has no column {sort!r}; it has {', '.join(columns)}.")
        order = sorted(range(len(self.members)), key=lambda i: -columns[sort][i])[:top]
        rows = ((self.members[i].architecture, *(f"{columns[n][i]:.1%}" for n in self.shown)) for i in order)
        return Table(self.title, " ".join(self.notes), ("cell", *self.shown), tuple(rows))

    def rows(self) -> list[dict[str, Any]]:
        """One row a member: `architecture`, and its accuracy in every column."""
        columns = self.columns()
        return [
            {"architecture": member.architecture, **{name: float(v[i]) for name, v in columns.items()}}
            for i, member in enumerate(self.members)
        ]

    def page(self) -> Part:
        """Distributions of accuracy, robust against clean accuracy, and the best cells."""
        return pool_part(self)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready; accuracies are shares."""
        return {
            "space": self.design.space,
            "settings": dict(self.design.settings),
            "recipe": dict(self.design.recipe),
            "seed": self.design.seed,
            "data": self.design.data,
            "test_data": self.design.test_data,
            "planned": len(self.design.architectures),
            "members": [
                {
                    "architecture": member.architecture,
                    "columns": dict(member.result.columns),
                    "images": dict(member.result.images),
                    "training": dict(member.result.training),
                }
                for member in self.members
            ],
            "failures": self.failures,
        }
