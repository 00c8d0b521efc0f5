"""Result files: they appear whole or not at all, and say of what kind and version they are."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from croze.errors import CrozeError

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
"""A number in [0, 1]."""

Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""A whole number from 0."""


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


def parse_json(content: str | bytes) -> Any:
    """What JSON in UTF-8 stands for.

    Raises:
        CrozeError: for anything else, which is nested too deep, halves of surrogate pairs and numbers beyond
            64 bits too; the message is half a sentence that says what is wrong.
    """
    try:
        return msgspec.json.decode(content)
    except RecursionError:
        raise CrozeError("it is nested too deep") from None
    except (ValueError, UnicodeError) as problem:
        raise CrozeError(str(problem)) from None


def shaped(value: Any, kind: Any) -> Any:
    """The value as the annotation says: lists become tuples, and objects dataclasses, where it says so.

    >>> shaped({"a": [1, 2.5]}, Mapping[str, tuple[float, ...]])
    {'a': (1.0, 2.5)}

    Args:
        value: out of JSON.
        kind: an annotation, as `msgspec.convert` takes it; `TypedDict`s and dataclasses may have more keys.

    Raises:
        CrozeError: where the value is something else; the message names the place.
    """
    try:
        return _with_more(value, msgspec.convert(value, kind))
    except (ValueError, RecursionError) as problem:
        raise CrozeError(str(problem).replace("`$", "`it")) from None


def _with_more(value: Any, found: Any) -> Any:
    """What was found, with the keys of objects that no `TypedDict` names."""
    if isinstance(found, dict):
        return {key: _with_more(v, found[key]) if key in found else v for key, v in value.items()}
    if isinstance(found, list) and found and isinstance(found[0], dict):
        return [_with_more(v, f) for v, f in zip(value, found, strict=True)]
    return found


def read_bytes(path: Path, what: str = "") -> bytes:
    """The content of a regular file; a device or a pipe, which may never end, is not read.

    Args:
        path: of the file.
        what: names it in the message, such as `the accuracies`.

    Raises:
        CrozeError: when it is no regular file or cannot be read.
    """
    named = f"{what} {path}".strip()
    try:
        if path.exists() and not path.is_file():
            raise CrozeError(f"Cannot read {named}: it is no file.")
        return path.read_bytes()
    except CrozeError:
        raise
    except (OSError, ValueError) as problem:
        raise CrozeError(f"Cannot read {named}: {getattr(problem, 'strerror', None) or problem}.") from None


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file, see `parse_json`.

    Raises:
        CrozeError: when the file cannot be read, is no JSON, or holds something other than an object.
    """
    content = read_bytes(path) if os.path.lexists(path) else None
    if content is None:
        raise CrozeError(f"{path} does not exist.")
    try:
        found = parse_json(content)
    except CrozeError as problem:
        raise CrozeError(f"{path} cannot be read as JSON ({problem}): run what wrote it again.") from None
    if not isinstance(found, dict):
        got = "null" if found is None else article(type(found).__name__)
        raise CrozeError(f"{path} must hold a JSON object, got {got}: name another file or folder.")
    return found


def write_result(
    path: Path, kind: str, version: int, content: Mapping[str, Any], *, indented: bool = True
) -> None:
    """Write a result with its kind and version in front, as `read_result` wants it."""
    write_text(path, to_json({"format": {"kind": kind, "version": version}, **content}, indented=indented))


def read_result(path: Path, kind: str, version: int, shape: Any) -> Any:
    """The content of a result of this kind and version.

    Args:
        path: of the file.
        kind, version: what it has to be.
        shape: what it has to hold besides, see `shaped`.

    Raises:
        CrozeError: as `read_json`, and for a file of another kind, version or shape.
    """
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
    try:
        return shaped(content, shape)
    except CrozeError as problem:
        raise CrozeError(
            f"{path} is no {kind} that can be read ({str(problem).rstrip('.')}): run it again, or name "
            "another folder."
        ) from None


def slug(text: str) -> str:
    """The text as part of a folder's name: small letters, digits and dashes, at most 120 of them."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:120]


def article(kind: str) -> str:
    """The word with `a` or `an` before it."""
    return f"{'an' if kind[:1] in 'aeiouAEIOU' else 'a'} {kind}"
