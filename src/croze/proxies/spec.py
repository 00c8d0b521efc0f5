"""The notation of proxies on the command line: `name` or `name(key=value,key=value)`, separated by commas."""

from __future__ import annotations

import re

from croze.errors import CrozeError

_ITEM = re.compile(r"([a-z0-9][a-z0-9-]*)(?:\((.*)\))?", re.DOTALL)


def parse_specs(text: str) -> list[tuple[str, dict[str, str]]]:
    """Names and arguments, in order.

    Raises:
        CrozeError: when brackets do not match, an item is empty or an argument is not `key=value`.
    """
    return [_parse_item(item, text) for item in _split(text)]


def _split(text: str) -> list[str]:
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


def _parse_item(item: str, text: str) -> tuple[str, dict[str, str]]:
    match = _ITEM.fullmatch(item.strip())
    if match is None:
        raise CrozeError(
            f"Cannot read {item.strip()!r} in {text!r}; write name or name(key=value,key=value)."
        )
    arguments: dict[str, str] = {}
    for argument in _split(match[2]) if match[2] else []:
        key, equals, value = (part.strip() for part in argument.partition("="))
        if not equals or not key or not value or key in arguments:
            raise CrozeError(
                f"Cannot read the argument {argument.strip()!r} in {item.strip()!r}; write key=value once."
            )
        arguments[key] = value
    return match[1], arguments
