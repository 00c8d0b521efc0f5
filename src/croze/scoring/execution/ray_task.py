"""What a Ray worker does with one item."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from croze.nn.seeding import single_thread
from croze.scoring.execution.base import placed
from croze.scoring.execution.reply import answer, packed, portable

_taken: dict[tuple[str, str | None], Callable[[Any], Any]] = {}


def call(held: list[Any], device: str | None, item: Any) -> bytes:
    """The reply for an item; a worker fetches and places the function with its first one.

    `held` is a reference to the function in the object store, in a list, so that Ray does not fetch it for
    every item; `device` is where the function computes, None for where it is.
    """
    import ray

    key = (held[0].hex(), device)
    if key not in _taken:
        try:
            function = placed(ray.get(held[0]), device)
        except Exception as problem:
            return packed("unfit", portable(problem))
        _taken.clear()  # a worker serves one executor at a time
        _taken[key] = function
    with single_thread():
        return answer(_taken[key], item)
