"""How things with arguments are written: `name(key=value,...)`, lists of them, and values that can be written
so.

An aggregate takes a list instead of arguments: `rank(croze-positional, jacob-cov)`.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self, get_origin, get_type_hints

from croze.errors import CrozeError

_ITEM = re.compile(r"([a-z0-9][a-z0-9-]*)(?:\((.*)\))?", re.DOTALL)


@dataclass(frozen=True)
class Item:
    """One item of a list: its name, and what stands in its brackets (empty without brackets)."""

    name: str
    body: str
    text: str

    def arguments(self) -> dict[str, str]:
        """The body as arguments; a CrozeError when one is not `key=value`, or a key stands twice."""
        found: dict[str, str] = {}
        for argument in split(self.body) if self.body else []:
            key, equals, value = (part.strip() for part in argument.partition("="))
            if not equals or not key or not value or key in found:
                raise CrozeError(
                    f"Cannot read the argument {argument.strip()!r} in {self.text!r}; write key=value once."
                )
            found[key] = value
        return found


def parse_items(text: str) -> list[Item]:
    """The items of a list, in order; a CrozeError when brackets do not match, or an item is empty or
    malformed.
    """
    items = []
    for item in map(str.strip, split(text)):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise CrozeError(f"Cannot read {item!r} in {text!r}; write name or name(key=value,key=value).")
        items.append(Item(match[1], (match[2] or "").strip(), item))
    return items


def split(text: str) -> list[str]:
    """The parts between commas that stand in no brackets; a CrozeError when brackets do not match."""
    items, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            break
        if character == "," and depth == 0:
            items.append(text[start:place])
            start = place + 1
    if depth != 0:
        raise CrozeError(f"The brackets in {text!r} do not match.")
    return [*items, text[start:]]


@dataclass(frozen=True)
class Named:
    """A frozen dataclass that has a name and can be written as text (a proxy, an attack); its fields are the
    arguments.

    Arguments are `int`, `float`, `str` or `tuple[str, ...]`, each with a default.

    Class attributes:
        name: as written on the command line.
        what: what kind of thing it is, for messages.
    """

    name: ClassVar[str]
    what: ClassVar[str]

    @cached_property
    def spec(self) -> str:
        """The name, and in brackets every argument that differs from its default."""
        fields = dataclasses.fields(self)
        values = {f.name: getattr(self, f.name) for f in fields}
        return spec_of(self.name, values, {f.name: f.default for f in fields})

    @classmethod
    def from_arguments(cls, arguments: dict[str, str]) -> Self:
        """The thing with these arguments, as text; a tuple is written `a+b`.

        Raises:
            CrozeError: for an unknown argument or a value that does not fit.
        """
        known = {f.name: f for f in dataclasses.fields(cls)}
        types = get_type_hints(cls)
        values: dict[str, Any] = {}
        for key, text in arguments.items():
            if key not in known:
                takes = f"takes {', '.join(known)}" if known else "takes no arguments"
                raise CrozeError(f"{cls.what.capitalize()} {cls.name} has no argument {key!r}; it {takes}.")
            values[key] = _read(f"{cls.what} {cls.name}", key, text, types[key])
        return cls(**values)


def spec_of(name: str, values: Mapping[str, object], defaults: Mapping[str, object]) -> str:
    """A name, and in brackets every value that differs from its default."""
    given = [f"{key}={_write(value)}" for key, value in values.items() if value != defaults[key]]
    return f"{name}({','.join(given)})" if given else name


def _write(value: object) -> str:
    if isinstance(value, tuple):
        return "+".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def _read(owner: str, key: str, text: str, kind: Any) -> Any:
    if kind is str:
        return text
    if kind in (int, float):
        convert: Callable[[str], float] = kind
        try:
            number = convert(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            wanted = "a whole number" if kind is int else "a number"
            raise CrozeError(f"Argument {key} of {owner} must be {wanted}, got {text!r}.")
        return number
    if get_origin(kind) is not tuple:
        raise TypeError(f"argument {key} of {owner} is a {kind}: write int, float, str or tuple[str, ...]")
    return tuple(part.strip() for part in text.split("+"))
