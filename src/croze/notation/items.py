"""The notation of the command line: names with arguments, `name(key=value,...)`, and lists of them.

An aggregate takes a list instead of arguments: `rank(croze-positional, jacob-cov)`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from croze.errors import CrozeError

_ITEM = re.compile(r"([a-z0-9][a-z0-9-]*)(?:\((.*)\))?", re.DOTALL)


@dataclass(frozen=True)
class Item:
    """One item of a list: its name, and what stands in its brackets (empty without brackets)."""

    name: str
    body: str
    text: str

    def arguments(self) -> dict[str, str]:
        """The body as arguments.

        Raises:
            CrozeError: when one of them is not `key=value`, or a key stands twice.
        """
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
    """The items of a list, in order.

    Raises:
        CrozeError: when brackets do not match, or an item is empty or cannot be read.
    """
    items = []
    for item in map(str.strip, split(text)):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise CrozeError(f"Cannot read {item!r} in {text!r}; write name or name(key=value,key=value).")
        items.append(Item(match[1], (match[2] or "").strip(), item))
    return items


def split(text: str) -> list[str]:
    """The parts between commas that stand in no brackets.

    Raises:
        CrozeError: when brackets do not match.
    """
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
