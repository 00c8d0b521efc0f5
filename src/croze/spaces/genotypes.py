"""Published architectures by name: what the field's papers found, with exact parameter counts."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from croze.errors import CrozeError
from croze.spaces import SPACES, Space, open_space
from croze.types import Architecture

DEFAULT_SPACE = "nasbench201"
"""The space of an architecture that is no name, where none is said."""


@dataclass(frozen=True)
class Named:
    """A published architecture. Counts are those of 20 cells, 36 channels and 10 classes, no auxiliary head.

    Attributes:
        name: as `find` takes it.
        space: the space it is of.
        architecture: in its space's notation.
        params: trainable parameters.
        live_params: those of them that a gradient of the logits reaches.
        source: where the architecture was taken from.
        printed: millions of parameters in Table 3 of the CRoZe paper; empty for none.
        note: how the printed number comes about.
    """

    name: str
    space: str
    architecture: str
    params: int
    live_params: int
    source: str
    printed: str = ""
    note: str = ""


@cache
def named() -> Mapping[str, Named]:
    """Every published architecture that the package carries, by name."""
    content = json.loads((files("croze.spaces") / "genotypes.json").read_text(encoding="utf-8"))
    return {name: Named(name, **entry) for name, entry in content.items()}


def lookup(name: str) -> Named | None:
    """The entry of this name, upper or lower case, `-` or `_`; None when there is none."""
    return {_key(known): entry for known, entry in named().items()}.get(_key(name))


def find(name: str) -> tuple[str, Architecture]:
    """The space, by name, and the architecture of a published genotype; a CrozeError with similar names for
    an unknown one.
    """
    entry = lookup(name)
    if entry is None:
        raise CrozeError(_unknown(name))
    architecture: Architecture = open_space(entry.space).parse(entry.architecture)
    return entry.space, architecture


def resolve(text: str, space: str | None) -> tuple[str, str]:
    """The space of an architecture and its text there, for a text that may be the name of a published one.

    Without a name of its own the space is `space`, else `DEFAULT_SPACE`.

    Raises:
        CrozeError: for the name of an architecture of another space than `space`.
    """
    entry = lookup(text)
    if entry is None:
        return space or DEFAULT_SPACE, text
    if space not in (None, entry.space):
        raise CrozeError(
            f"{entry.name} is an architecture of the space {entry.space}, not of {space}: "
            f"name that space, or none."
        )
    return entry.space, entry.architecture


def parse_or_suggest(space: Space[Any], text: str) -> Architecture:
    """`space.parse(text)`; its CrozeError names similar published architectures where the text looks like a
    name.
    """
    try:
        architecture: Architecture = space.parse(text)
    except CrozeError:
        if space.name in SPACES and _looks_like_a_name(text):
            raise CrozeError(_unknown(text)) from None
        raise
    return architecture


def _unknown(name: str) -> str:
    known = {_key(entry): entry for entry in named()}
    close = [known[key] for key in difflib.get_close_matches(_key(name), known, n=3, cutoff=0.5)]
    hint = f"did you mean {' or '.join(close)}?" if close else f"the known ones are {', '.join(named())}."
    return f"No published architecture is called {name!r}; {hint}"


def _looks_like_a_name(text: str) -> bool:
    text = text.strip()
    return bool(text) and text[0].isalpha() and all(c.isalnum() or c in "-_. " for c in text)


def _key(name: str) -> str:
    return name.strip().casefold().replace("_", "-").replace(" ", "-")
