"""Result files appear whole or not at all."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from croze.errors import CrozeError


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 as `write_bytes` writes.

    Raises:
        CrozeError: when the file cannot be written.
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write through a temporary neighbour, so that a kill leaves the old file or the new one.

    What is no regular file, such as `/dev/stdout`, is written to as it is.

    Raises:
        CrozeError: when the file cannot be written.
    """
    path = Path(path)
    temporary = path.parent / f"{path.name}.{os.getpid()}.tmp"
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as problem:
        raise CrozeError(f"Cannot write {path}: {problem.strerror or problem}.") from problem


def to_json(value: Any, *, indented: bool = True) -> str:
    """JSON with a newline behind; NaN is refused rather than written.

    Args:
        value: JSON-ready.
        indented: for readers; large results are written several times faster without.
    """
    return json.dumps(value, indent=2 if indented else None, allow_nan=False) + "\n"


def number_or_none(value: float) -> float | None:
    """What stands for a number in JSON, which has no NaN."""
    return None if math.isnan(value) else value
