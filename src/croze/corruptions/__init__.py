"""The fifteen corruptions of CIFAR-C: one file each, found by name."""

from croze.corruptions.apply import KINDS, corrupt
from croze.corruptions.frost_textures import FrostTextures
from croze.corruptions.names import (
    CORRUPTIONS,
    GROUPS,
    RELEASED_GROUPS,
    SEVERITIES,
    Corruption,
    full_name,
    parse_corruption,
    parse_corruptions,
    parse_names,
)
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
    "parse_names",
    "read_set",
    "write_set",
]
