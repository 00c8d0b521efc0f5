"""From a spec to a batch in one call."""

from __future__ import annotations

from croze.data.registry import open_dataset
from croze.data.sampling import draw
from croze.types import Batch


def load_batch(
    spec: str, size: int = 8, seed: int = 0, sampling: str = "balanced", augment: bool = False
) -> Batch:
    """`draw` from `open_dataset(spec)`: see there for the arguments and errors.

    Raises:
        CrozeError: on a spec that cannot be opened, too few images, or arguments out of range.
    """
    return draw(open_dataset(spec), size=size, seed=seed, sampling=sampling, augment=augment)
