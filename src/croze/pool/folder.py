"""The files of a pool: what it is of, and what each member came to."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from croze.errors import CrozeError
from croze.files import Count, Share, read_json, shaped, to_json, write_text
from croze.spaces import hashable

POOL = "pool.json"
VERSION = 1


@dataclass(frozen=True)
class Design:
    """Everything that decides the accuracies of a pool's members.

    Attributes:
        space: as `open_space` takes it.
        settings: of the space, where they differ from its own, as pairs.
        architectures: in the order in which they are trained.
        recipe: as `Recipe.to_json`.
        seed: of weights, split, order, augmentation and attacks; the same for all members.
        images, tested: identities of the training (with validation) and the test images.
        batch_size: of the evaluation.
        data, test_data: the data sets as they were named, the latter empty where images of the former were
            set aside for testing; do not count, for they may have moved.
    """

    space: str
    settings: tuple[tuple[str, Any], ...]
    architectures: tuple[str, ...]
    recipe: Mapping[str, Any]
    seed: int
    images: str
    tested: str
    batch_size: int
    data: str = ""
    test_data: str = ""

    def write(self, folder: Path) -> None:
        """Begin the folder; one of the same pool with fewer architectures is extended.

        Raises:
            CrozeError: when the folder holds another pool, or cannot be read or written.
        """
        if not (folder / POOL).exists() and any(folder.glob("cells/*")):
            raise CrozeError(f"{folder} holds cells but no {POOL}: name another folder.")
        if (folder / "training.json").exists():
            raise CrozeError(f"{folder} is the folder of a training: name another one for a pool.")
        if (folder / POOL).exists():
            known = read_design(folder)
            differing = [name for name in _IDENTITY if getattr(known, name) != getattr(self, name)]
            count = min(len(known.architectures), len(self.architectures))
            if known.architectures[:count] != self.architectures[:count]:
                differing.append("architectures")
            if differing:
                raise CrozeError(
                    f"{folder} holds another pool, which differs in {', '.join(differing)}: name another "
                    "folder."
                )
            if len(known.architectures) >= len(self.architectures):
                return
        content = {"version": VERSION, **dataclasses.asdict(self), "settings": dict(self.settings)}
        write_text(folder / POOL, to_json(content))


class _Recipe(TypedDict):
    """What every recipe has."""

    method: str
    epochs: Count


class _Content(TypedDict):
    """What `pool.json` holds: the fields of the design."""

    space: str
    settings: dict[str, Any]
    architectures: tuple[str, ...]
    recipe: _Recipe
    seed: Count
    images: str
    tested: str
    batch_size: Count
    data: str
    test_data: str


_IDENTITY = ("space", "settings", "recipe", "seed", "images", "tested", "batch_size")


def read_design(folder: Path) -> Design:
    """The design of the pool in a folder.

    Raises:
        CrozeError: when there is none, or of another version.
    """
    path = folder / POOL
    if not path.exists():
        raise CrozeError(f"{path} does not exist: name the folder of a pool.")
    content = read_json(path)
    version = content.pop("version", None)
    if version != VERSION:
        raise CrozeError(f"{path} is of version {version}, this croze reads version {VERSION}.")
    try:
        known = shaped(content, _Content)
        if strange := known.keys() - _Content.__annotations__.keys():
            raise CrozeError(f"pool has no {sorted(strange)[0]!r}")
        if not known["architectures"] or len(set(known["architectures"])) != len(known["architectures"]):
            raise CrozeError("pool must name architectures, none twice")
    except CrozeError as problem:
        raise CrozeError(f"{path} is no description of a pool that can be read ({problem}).") from None
    settings = tuple(sorted((key, hashable(value)) for key, value in known["settings"].items()))
    return Design(**{**known, "settings": settings})


RESULT = "result.json"


def folder_of_member(pool: Path, number: int) -> Path:
    """Of the member with this number, counted from 0."""
    return pool / "cells" / f"{number:04d}"


@dataclass(frozen=True)
class MemberResult:
    """What a member came to.

    Attributes:
        architecture: in the notation of its space.
        columns: accuracies in [0, 1], named as those of a truth: `clean`, `fgsm@8`, `fog@3`.
        images: on how many images each column rests.
        training: epoch that was kept, validation accuracies, seconds.
        failed: why it could not be trained; empty otherwise.
    """

    architecture: str
    columns: Mapping[str, Share] = field(default_factory=dict)
    images: Mapping[str, Count] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    failed: str = ""

    def write(self, folder: Path) -> None:
        """Into `result.json`; raises CrozeError when it cannot be written."""
        write_text(folder / RESULT, to_json(vars(self)))


def read_result(folder: Path, architecture: str) -> MemberResult | None:
    """The result in the folder of this member; None where there is none yet.

    Raises:
        CrozeError: when the file is no result, or that of another architecture.
    """
    path = folder / RESULT
    if not path.exists():
        return None
    try:
        found: MemberResult = shaped(read_json(path), MemberResult)
        if found.columns.keys() != found.images.keys():
            raise CrozeError("columns and numbers of images do not go together")
        if not found.failed and not found.columns:
            raise CrozeError("it has neither accuracies nor a reason")
    except CrozeError as problem:
        raise CrozeError(
            f"{path} cannot be read ({problem}): delete {folder}, and `croze pool train` makes it again."
        ) from None
    if found.architecture != architecture:
        raise CrozeError(
            f"{folder} holds {found.architecture}, the pool has {architecture} there: name another folder."
        )
    return found
