"""Result files appear whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from croze.errors import CrozeError


def write_text(path: str | Path, text: str) -> None:
    """Write through a temporary neighbour, so that a kill leaves the old file or the new one.

    Raises:
        CrozeError: when the file cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as problem:
        raise CrozeError(f"Cannot write {path}: {problem.strerror or problem}.") from problem


def to_json(value: Any) -> str:
    """Indented JSON with a newline behind; NaN is refused rather than written."""
    return json.dumps(value, indent=2, allow_nan=False) + "\n"
