"""The files of a pool: what it is of, and what each member came to."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from croze.errors import CrozeError
from croze.files import to_json, write_text

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


_IDENTITY = ("space", "settings", "recipe", "seed", "images", "tested", "batch_size")


def read_design(folder: Path) -> Design:
    """The design of the pool in a folder.

    Raises:
        CrozeError: when there is none, or of another version.
    """
    path = folder / POOL
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content.pop("version")
        content["recipe"]["method"], content["recipe"]["epochs"]  # what every recipe has
        content["settings"] = tuple(sorted(content["settings"].items()))
        content["architectures"] = tuple(content["architectures"])
        found = Design(**content)
    except FileNotFoundError:
        raise CrozeError(f"{path} does not exist: name the folder of a pool.") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise CrozeError(f"{path} is no description of a pool that can be read ({problem}).") from None
    if version != VERSION:
        raise CrozeError(f"{path} is of version {version}, this croze reads version {VERSION}.")
    return found


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
    columns: Mapping[str, float] = field(default_factory=dict)
    images: Mapping[str, int] = field(default_factory=dict)
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
    try:
        found = MemberResult(**json.loads(path.read_text(encoding="utf-8")))
        if any(not 0 <= accuracy <= 1 for accuracy in found.columns.values()):
            raise ValueError("an accuracy outside [0, 1]")
        if found.columns.keys() != found.images.keys():
            raise ValueError("columns and numbers of images that do not go together")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError) as problem:
        raise CrozeError(
            f"{path} cannot be read ({problem}): delete {folder}, and `croze pool train` makes it again."
        ) from None
    if found.architecture != architecture:
        raise CrozeError(
            f"{folder} holds {found.architecture}, the pool has {architecture} there: name another folder."
        )
    return found
