"""Everything in this process, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from croze.nn.seeding import single_thread

Item = TypeVar("Item")
Result = TypeVar("Result")


class Serial(Generic[Item, Result]):
    """Calls the function where it stands."""

    def __init__(self, function: Callable[[Item], Result]) -> None:
        self._function = function

    def run(self, items: Sequence[Item]) -> Iterator[tuple[Item, Result]]:
        """Each item with its result, in order."""
        for item in items:
            with single_thread():
                result = self._function(item)
            yield item, result

    def close(self) -> None:
        """Nothing was started."""
