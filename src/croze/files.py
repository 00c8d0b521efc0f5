"""Result files: they appear whole or not at all, and say of what kind and version they are."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from croze.errors import CrozeError


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 as `write_bytes` writes."""
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
    """JSON with a newline behind; NaN is refused. Large results are written several times faster without
    indents.
    """
    return json.dumps(value, indent=2 if indented else None, allow_nan=False) + "\n"


def number_or_none(value: float) -> float | None:
    """What stands for a number in JSON, which has no NaN."""
    return None if math.isnan(value) else value


def read_json(path: Path) -> Mapping[str, Any]:
    """The object in a JSON file; a CrozeError when the file cannot be read, or holds something else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CrozeError(f"{path} does not exist.") from None
    except (OSError, ValueError, RecursionError) as problem:
        raise CrozeError(f"{path} cannot be read as JSON ({problem}): run what wrote it again.") from None
    if not isinstance(content, dict):
        raise CrozeError(f"{path} must hold a JSON object, got a {type(content).__name__}.")
    return content


def write_result(
    path: Path, kind: str, version: int, content: Mapping[str, Any], *, indented: bool = True
) -> None:
    """Write a result with its kind and version in front, as `read_result` wants it."""
    write_text(path, to_json({"format": {"kind": kind, "version": version}, **content}, indented=indented))


def read_result(path: Path, kind: str, version: int) -> Mapping[str, Any]:
    """The content of a result of this kind and version; a CrozeError for any other file."""
    content = read_json(path)
    found = content.get("format")
    if not isinstance(found, dict) or found.get("kind") != kind:
        named = found.get("kind") if isinstance(found, dict) else None
        got = f"one of {article(named)}" if isinstance(named, str) else "a file that names no kind"
        raise CrozeError(f"{path} must be a result of {article(kind)}, got {got}.")
    if found.get("version") != version:
        raise CrozeError(
            f"{path} is of format {found.get('version')}, this croze reads format {version} of "
            f"{article(kind)}: run the same command again, its scores are kept."
        )
    return content


def slug(text: str) -> str:
    """The text as part of a folder's name: small letters, digits and dashes, at most 120 of them."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:120]


def article(kind: str) -> str:
    """The word with `a` or `an` before it."""
    return f"{'an' if kind[:1] in 'aeiouAEIOU' else 'a'} {kind}"
