"""A CSV file as its first line and the rows below, each with its line number."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from croze.errors import CrozeError

AGAIN = "it is cut short or no CSV: fetch the file again"


def rows_of(
    file: Path, content: bytes, again: str = AGAIN, encoding: str = "utf-8"
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The first line, and every other with its number.

    Args:
        file: for the messages.
        content: of the file.
        again: what a message ends with that finds the file incomplete.
        encoding: of the text.

    Raises:
        CrozeError: for what is no CSV, ends within a line, has no row, or one with another number of fields
            than the first line.
    """
    if not content.endswith(b"\n"):
        raise CrozeError(f"{file} must end with a whole line, got {len(content):,} bytes without: {again}.")
    try:
        reader = csv.reader(io.StringIO(content.decode(encoding), newline=""), strict=True)
        header = next(reader)
        rows = [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error, StopIteration) as problem:
        raise CrozeError(f"{file} cannot be read as CSV ({problem}): {again}.") from None
    if not rows:
        raise CrozeError(f"{file} holds no architectures, only its first line: {again}.")
    for line, row in rows:
        if len(row) != len(header):
            raise CrozeError(
                f"{file}, line {line}: expected {len(header)} fields as in the first line, "
                f"got {len(row)}: {again}."
            )
    return header, rows
