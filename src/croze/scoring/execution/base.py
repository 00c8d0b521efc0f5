"""What runs scores: the same interface in this process, in several, or on many machines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item", contravariant=False)
Out = TypeVar("Out", covariant=True)


class Executor(Protocol, Generic[Item, Out]):
    """Applies one function to many items; one torch thread each, so results do not depend on where."""

    def submit(self, item: Item) -> None:
        """Put this item in the queue."""
        ...

    def results(self) -> Iterator[tuple[Item, Out]]:
        """Each submitted item with its result, as they are done, until none is left.

        More may be submitted between two results. Left half way, what is waiting is handed out by the next
        call.
        """
        ...

    def close(self) -> None:
        """Let go of whatever was started."""
        ...
