"""What runs scores: the same interface in this process, in several, or on many machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from croze.errors import CrozeError

Item = TypeVar("Item")
Out = TypeVar("Out", covariant=True)


class Executor(Protocol, Generic[Item, Out]):
    """Applies one function to many items; one torch thread each, so results do not depend on where."""

    def submit(self, item: Item) -> None:
        """Put this item in the queue."""
        ...

    def results(self) -> Iterator[tuple[Item, Out]]:
        """Each submitted item with its result, as they are done, until none is left.

        More may be submitted between two results. An exception of the function is raised here. The other
        items are handed out by the next call, also when this one is left half way.
        """
        ...

    def close(self) -> None:
        """Let go of whatever was started."""
        ...


def placed(function: Callable[[Item], Out], device: str | None) -> Callable[[Item], Out]:
    """The function on this device, as it is for None; a CrozeError without a method `on(device)`."""
    if device is None:
        return function
    on = getattr(function, "on", None)
    if not callable(on):
        raise CrozeError(
            f"To compute on {device} a function needs a method on(device), "
            f"which {type(function).__name__} has not: name no devices."
        )
    moved: Callable[[Item], Out] = on(device)
    return moved


def to_send(function: Callable[[Item], Out], devices: Sequence[str]) -> Callable[[Item], Out]:
    """The function as it travels: from main memory, for each worker would open the device it comes from."""
    return placed(function, "cpu") if devices else function
