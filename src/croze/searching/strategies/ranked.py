"""A guide's opinion as an order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from croze.searching.strategies.base import Guide

A = TypeVar("A")


def ranked(guide: Guide[A], architectures: Sequence[A]) -> list[A]:
    """From the worst to the best by one call of the guide, those it has no opinion of left out.

    The last is the first to `pop`. Of equals the one that stands first in `architectures` comes first.
    """
    rated = zip(guide(architectures), architectures, strict=True)
    known = [(opinion, architecture) for opinion, architecture in rated if opinion is not None]
    best_first = sorted(known, key=lambda pair: pair[0], reverse=True)
    return [architecture for _, architecture in reversed(best_first)]
