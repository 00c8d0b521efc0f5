"""Which device a worker computes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from croze.errors import CrozeError

Item = TypeVar("Item", contravariant=True)
Result = TypeVar("Result", covariant=True)


class Placeable(Protocol[Item, Result]):
    """A function that can be put on a device, with everything that it holds."""

    def __call__(self, item: Item) -> Result:
        """The result for this item, computed on the function's device."""
        ...

    def on(self, device: str) -> Placeable[Item, Result]:
        """The same function on a device, as torch names it; this one stays where it is."""
        ...


def placed(function: Callable[[Item], Result], device: str | None) -> Callable[[Item], Result]:
    """The function on this device; as it is for None.

    Raises:
        CrozeError: for a function that cannot be placed.
    """
    if device is None:
        return function
    on = getattr(function, "on", None)
    if not callable(on):
        raise CrozeError(
            f"To compute on {device} a function needs a method on(device), "
            f"which {type(function).__name__} has not: name no devices."
        )
    moved: Callable[[Item], Result] = on(device)
    return moved


def to_send(function: Callable[[Item], Result], devices: Sequence[str]) -> Callable[[Item], Result]:
    """The function as it travels: through main memory, where workers are to place it.

    Sent from a device, every worker would open that one before its own.
    """
    return placed(function, "cpu") if devices else function
