"""Everything in this process, one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from croze.nn.seeding import single_thread
from croze.scoring.execution.base import placed

Item = TypeVar("Item")
Result = TypeVar("Result")


class Serial(Generic[Item, Result]):
    """Calls the function here, on the first of the devices, when a result is asked for and not before."""

    def __init__(self, function: Callable[[Item], Result], devices: Sequence[str] = ()) -> None:
        self._function = placed(function, devices[0] if devices else None)
        self._queue: deque[Item] = deque()

    def submit(self, item: Item) -> None:
        self._queue.append(item)

    def results(self) -> Iterator[tuple[Item, Result]]:
        """See `Executor.results`: in order, computed as they are asked for."""
        while self._queue:
            item = self._queue.popleft()
            with single_thread():
                result = self._function(item)
            yield item, result

    def close(self) -> None:
        self._queue.clear()
