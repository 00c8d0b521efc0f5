"""The fifteen corruptions of CIFAR-C: one file each, found by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from croze.corruptions.names import (
    CORRUPTIONS,
    GROUPS,
    RELEASED_GROUPS,
    SEVERITIES,
    Corruption,
    full_name,
    parse_corruption,
    parse_corruptions,
)
from croze.declared import lazily

if TYPE_CHECKING:
    from croze.corruptions.apply import KINDS, corrupt
    from croze.corruptions.frost_textures import FrostTextures
    from croze.corruptions.sets import read_set, write_set

__all__ = [
    "CORRUPTIONS",
    "GROUPS",
    "KINDS",
    "RELEASED_GROUPS",
    "SEVERITIES",
    "Corruption",
    "FrostTextures",
    "corrupt",
    "full_name",
    "parse_corruption",
    "parse_corruptions",
    "read_set",
    "write_set",
]

# names of corruptions are asked for where nothing is corrupted, and torch not wanted
__getattr__, __dir__ = lazily(
    __name__,
    {
        "KINDS": "croze.corruptions.apply",
        "FrostTextures": "croze.corruptions.frost_textures",
        "corrupt": "croze.corruptions.apply",
        "read_set": "croze.corruptions.sets",
        "write_set": "croze.corruptions.sets",
    },
    __all__,
)
