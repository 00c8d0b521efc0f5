"""From data of any kind to a batch in one call."""

from __future__ import annotations

from croze.data.registry import open_dataset
from croze.data.sampling import draw
from croze.data.values import DataLike
from croze.errors import CrozeError
from croze.types import Batch

SIZE = 8
"""Images in a batch where nobody says how many."""


def load_batch(
    data: DataLike,
    size: int | None = None,
    seed: int = 0,
    sampling: str = "balanced",
    augment: bool = False,
) -> Batch:
    """A batch of labelled images, drawn from data of any kind.

    >>> load_batch("digits", size=16).images.shape
    torch.Size([16, 3, 32, 32])

    Args:
        data: a spec such as `cifar10:PATH`, a torch `Dataset`, a pair of tensors (images `(N, C, H, W)`,
            labels `(N,)`), or a batch, which is used as it stands.
        size: number of images; None for 8, or for all of a batch.
        seed, sampling, augment: as `draw` takes them.

    Returns:
        The same arguments give the same batch, whose `digest()` is its identity in a store of scores.

    Raises:
        CrozeError: for data that cannot be opened, too few images, arguments out of range, or a batch of
            which another size or augmentation is asked.
    """
    if isinstance(data, Batch):
        if augment or size not in (None, len(data)):
            raise CrozeError(
                f"A batch is used as it stands, here with {len(data)} images: leave size and augment out, or "
                "give the data set it was drawn from."
            )
        return data
    size = SIZE if size is None else size
    return draw(open_dataset(data), size=size, seed=seed, sampling=sampling, augment=augment)
