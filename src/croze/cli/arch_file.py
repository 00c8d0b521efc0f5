"""Architectures that a user lists in a file, one a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from croze.errors import CrozeError
from croze.spaces import Space
from croze.spaces.genotypes import parse_or_suggest, resolve


def architectures_of(file: Path, space: Space[Any]) -> tuple[str, ...]:
    """The architectures of a file, in the space's notation or by published names; empty lines do not count.

    Raises:
        CrozeError: when the file cannot be read or is empty, or an architecture is none of the space's or
            there twice.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise CrozeError(f"Cannot read the architectures in {file}: {problem}.") from None
    found: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            text = str(space.canonical(parse_or_suggest(space, resolve(line.strip(), space.name)[1])))
        except CrozeError as problem:
            raise CrozeError(f"{file}, line {number}: {problem}") from None
        if text in found:
            raise CrozeError(
                f"{file}, line {number}: line {found[text]} has it already, or one isomorphic to it."
            )
        found[text] = number
    if not found:
        raise CrozeError(f"{file} names no architecture; write one a line.")
    return tuple(found)
