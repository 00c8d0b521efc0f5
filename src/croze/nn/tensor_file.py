"""Tensors with a note beside them in one safetensors file, which appears whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from croze.errors import CrozeError
from croze.files import parse_json

_KEY = "croze"
"""Of the file's metadata, which holds texts only."""


def write_tensors(path: Path, tensors: Mapping[str, Tensor], note: Mapping[str, Any] | None = None) -> None:
    """Write through a temporary neighbour, so that a kill leaves the old file or the new one.

    Args:
        path: its folder is made if need be.
        tensors: on any device; copied.
        note: JSON-ready.

    Raises:
        CrozeError: when the file cannot be written.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            save_file(plain, temporary, metadata={_KEY: json.dumps(note or {})})
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except (OSError, SafetensorError) as problem:
        raise CrozeError(f"Cannot write {path}: {problem}.") from problem


def read_tensors(path: Path, what: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of a file, on the CPU, and its note.

    Args:
        what: to name instead, for the message of a file that is not there.

    Raises:
        CrozeError: when the file is missing or cut off.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            note = parse_json((file.metadata() or {}).get(_KEY, "{}"))
    except FileNotFoundError:
        raise CrozeError(f"There is no file {path}: name {what}.") from None
    except (OSError, SafetensorError, ValueError) as problem:
        raise CrozeError(
            f"{path} cannot be read as safetensors ({problem}): it may be cut off; bring a whole copy."
        ) from problem
    if not isinstance(note, dict):
        raise CrozeError(f"{path} must hold an object as its note, got a {type(note).__name__}.")
    return tensors, note
