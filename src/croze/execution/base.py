"""What runs scores: the same interface in this process, in several, or elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item")
Out = TypeVar("Out", covariant=True)


class Executor(Protocol, Generic[Item, Out]):
    """Applies one function to many items; one torch thread each, so results do not depend on where."""

    def run(self, items: Sequence[Item]) -> Iterator[tuple[Item, Out]]:
        """Each item with its result, in the order in which they are done."""
        ...

    def close(self) -> None:
        """Let go of whatever was started."""
        ...
