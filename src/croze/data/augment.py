"""The augmentation of the CIFAR recipe: pad, crop at random, flip at random."""

from __future__ import annotations

import numpy as np

from croze.data.dataset import Images


def augment(images: Images, rng: np.random.Generator) -> Images:
    """A random crop and a random horizontal flip of each image.

    Args:
        images: uint8 `(N, C, H, W)`; not changed.
        rng: where the randomness comes from; three draws per batch.

    Returns:
        A fresh uint8 `(N, C, H, W)`: each image padded with black by H // 8 rows and W // 8 columns on
        every side (4 pixels at 32 x 32), cut back to H x W at a uniform offset and flipped with
        probability 1/2.
    """
    count, height, width = len(images), *images.shape[2:]
    rows, columns = height // 8, width // 8
    tops = rng.integers(0, 2 * rows + 1, size=count)
    lefts = rng.integers(0, 2 * columns + 1, size=count)
    flips = rng.integers(0, 2, size=count)
    padded = np.pad(images, ((0, 0), (0, 0), (rows, rows), (columns, columns)))
    result = np.empty_like(images)
    for k in range(count):
        crop = padded[k, :, tops[k] : tops[k] + height, lefts[k] : lefts[k] + width]
        result[k] = crop[..., ::-1] if flips[k] else crop
    return result
