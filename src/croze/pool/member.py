"""One member of a pool: its folder, and `result.json` in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from croze.errors import CrozeError
from croze.files import to_json, write_text

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
    found = _read(folder)
    if found is not None and found.architecture != architecture:
        raise CrozeError(
            f"{folder} holds {found.architecture}, the pool has {architecture} there: name another folder."
        )
    return found


def _read(folder: Path) -> MemberResult | None:
    path = folder / RESULT
    try:
        found = MemberResult(**json.loads(path.read_text(encoding="utf-8")))
        if any(not 0 <= accuracy <= 1 for accuracy in found.columns.values()):
            raise ValueError("an accuracy outside [0, 1]")
        if found.columns.keys() != found.images.keys():
            raise ValueError("columns and numbers of images that do not go together")
        return found
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError) as problem:
        raise CrozeError(
            f"{path} cannot be read ({problem}): delete {folder}, and `croze pool train` makes it again."
        ) from None
