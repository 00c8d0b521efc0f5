"""The sentence that names a data set: `name:PATH?key=value&key=value`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from croze.data.guard import guarded
from croze.errors import CrozeError

_GRAMMAR = "write name:PATH or name:PATH?key=value&key=value, for example 'parquet:train.parquet?size=32'"
_MOST_DIGITS = 9


@dataclass(frozen=True)
class Spec:
    """A parsed spec; `parse_spec` makes it, a reader asks it for its path and options.

    Attributes:
        text: the spec as it was given.
        name: what stands before the first colon: the reader.
        path: what stands between the colon and the question mark, as given; empty when there is none.
        options: the options in the order given; keys are distinct, keys and values are not empty.
    """

    text: str
    name: str
    path: str
    options: Mapping[str, str]

    def allow(self, *known: str) -> None:
        """Refuse options other than `known`.

        Raises:
            CrozeError: naming the unknown option and the known ones.
        """
        for key in self.options:
            if key not in known:
                have = f"known options: {', '.join(known)}" if known else "it takes no options"
                raise CrozeError(
                    f"The reader '{self.name}' has no option '{key}' ({have}), got '{self.text}'."
                )

    def location(self, kind: Literal["", "file", "folder"] = "") -> Path:
        """The path with `~` expanded; it exists, and is of this kind where one is asked for.

        Raises:
            CrozeError: when the spec has no path, nothing is there, or it is of the other kind.
        """
        if not self.path:
            raise CrozeError(f"The reader '{self.name}' needs a path: {_GRAMMAR}, got '{self.text}'.")
        with guarded(f"Cannot expand the home folder in '{self.path}', give the full path"):
            path = Path(self.path).expanduser()
        if not os.path.exists(path):
            raise CrozeError(
                f"There is no file or folder '{path}' (from '{self.text}'): check the path, "
                "which is taken relative to the current folder."
            )
        if kind == "folder" and not path.is_dir():
            raise CrozeError(
                f"The reader '{self.name}' reads a folder, but '{path}' is a file: give its folder."
            )
        if kind == "file" and path.is_dir():
            raise CrozeError(
                f"The reader '{self.name}' reads a file, but '{path}' is a folder: name a file in it."
            )
        return path

    def choice(self, key: str, values: tuple[str, ...]) -> str:
        """The option `key`, one of `values`; the first of them when it is not given.

        Raises:
            CrozeError: on another value.
        """
        value = self.options.get(key, values[0])
        if value not in values:
            raise CrozeError(
                f"The option {key} must be one of {', '.join(values)}, got '{value}' in '{self.text}'."
            )
        return value

    def integer(self, key: str, most: int) -> int | None:
        """The option `key`, a whole number in `1 .. most`; None when it is not given.

        Raises:
            CrozeError: on anything else.
        """
        value = self.options.get(key)
        if value is None:
            return None
        digits = value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS
        if not digits or not 1 <= int(value) <= most:
            raise CrozeError(
                f"The option {key} must be a whole number from 1 to {most}, got '{value}' in '{self.text}'."
            )
        return int(value)


def parse_spec(text: str) -> Spec:
    """Split a spec into reader name, path and options.

    The first `?` begins the options, the first `:` before it begins the path; nothing is decoded, so a
    path that contains a question mark cannot be written.

    Raises:
        CrozeError: when it is no string, has no name, or an option is incomplete or given twice.
    """
    if not isinstance(text, str):
        raise CrozeError(f"A data set is named by a string, got {type(text).__name__}: {_GRAMMAR}.")
    head, question, query = text.partition("?")
    name, _, path = head.partition(":")
    if not name:
        raise CrozeError(f"The data set '{text}' has no reader name: {_GRAMMAR}.")
    options: dict[str, str] = {}
    for item in query.split("&") if question else ():
        key, _, value = item.partition("=")
        if not key or not value:
            raise CrozeError(f"The option '{item}' in '{text}' is not key=value: {_GRAMMAR}.")
        if key in options:
            raise CrozeError(f"The option '{key}' is given twice in '{text}': keep one of them.")
        options[key] = value
    return Spec(text, name, path, options)
