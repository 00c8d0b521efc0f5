"""Where images and channels lie in a tensor, through reshapes, permutations and windows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from torch import Tensor

IMAGE, CHANNEL, OTHER = "n", "c", ""

Atom = tuple[str, int]
"""A factor of a dimension: what runs along it, and its size."""

Axes = tuple[tuple[Atom, ...], ...]
"""The factors of every dimension, outermost first; factors of size 1 are left out."""


KNOWN = 4096
"""How many answers are kept: networks repeat themselves."""


def plain(shape: Sequence[int], image: int | None = None, channel: int | None = None) -> Axes:
    """Axes of a tensor with whole dimensions of images and channels."""
    kinds = {image: IMAGE, channel: CHANNEL}
    return tuple(((kinds.get(d, OTHER), size),) if size != 1 else () for d, size in enumerate(shape))


def reshaped(axes: Axes, shape: Sequence[int]) -> Axes | None:
    """Of the same elements in another shape; None where factors do not fit into it."""
    atoms = [atom for dim in axes for atom in dim][::-1]
    found = []
    for size in shape:
        dim: list[Atom] = []
        left = size
        while left > 1:
            if not atoms:
                return None
            kind, whole = atoms.pop()
            part = math.gcd(whole, left)
            if part == whole:
                dim.append((kind, whole))
            elif part == left:
                dim.append((kind, left))
                atoms.append((kind, whole // left))
            else:
                return None
            left //= part
        found.append(tuple(dim))
    return None if atoms else tuple(found)


@lru_cache(KNOWN)
def broadcast(several: tuple[Axes, ...], shape: Sequence[int]) -> Axes:
    """Of an elementwise operation: each dimension as in the operand that says most of it.

    Where two of them have their channels in different dimensions, as behind a layer that mixes positions, the
    first of them says which are channels.
    """
    channels = [_dims(axes, CHANNEL) for axes in several if len(axes) == len(shape)]
    first = next((dims for dims in channels if dims), set())
    if any(dims - first for dims in channels):
        several = tuple(_only(axes, first) if len(axes) == len(shape) else axes for axes in several)
    found = []
    for d, size in enumerate(shape):
        best: tuple[Atom, ...] = ((OTHER, size),) if size != 1 else ()
        for axes in several:
            k = d - len(shape) + len(axes)
            if k >= 0 and math.prod(s for _, s in axes[k]) == size and _rank(axes[k]) > _rank(best):
                best = axes[k]
        found.append(best)
    return tuple(found)


def _dims(axes: Axes, kind: str) -> set[int]:
    return {d for d, dim in enumerate(axes) if dim and {k for k, _ in dim} == {kind}}


def _only(axes: Axes, channels: set[int]) -> Axes:
    """With channels in no other dimension than these."""
    return tuple(
        dim if d in channels or d not in _dims(axes, CHANNEL) else tuple((OTHER, size) for _, size in dim)
        for d, dim in enumerate(axes)
    )


def _rank(dim: tuple[Atom, ...]) -> int:
    kinds = {kind for kind, _ in dim}
    return 2 if IMAGE in kinds else 1 if CHANNEL in kinds else 0


@lru_cache(KNOWN)
def like(axes: Axes, shape: Sequence[int]) -> Axes:
    """Of an operation that is not known: what kept its size is what it was."""
    if len(axes) == len(shape):
        return tuple(
            dim if math.prod(s for _, s in dim) == size else _resized(dim, size)
            for dim, size in zip(axes, shape, strict=True)
        )
    keeps = bool(axes and shape) and math.prod(s for _, s in axes[0]) == shape[0] and _rank(axes[0]) == 2
    rest = plain(shape)
    return (axes[0], *rest[1:]) if keeps else rest


def _resized(dim: tuple[Atom, ...], size: int) -> tuple[Atom, ...]:
    kind = CHANNEL if dim and {k for k, _ in dim} == {CHANNEL} else OTHER
    return ((kind, size),) if size != 1 else ()


@lru_cache(KNOWN)
def without_channels(axes: Axes) -> Axes:
    """Channels are positions from here on."""
    return tuple(tuple((OTHER if kind == CHANNEL else kind, s) for kind, s in dim) for dim in axes)


@lru_cache(KNOWN)
def has(axes: Axes, kind: str) -> bool:
    """Whether images or channels lie in it."""
    return any(k == kind for dim in axes for k, _ in dim)


@dataclass(frozen=True)
class Layout:
    """How to bring a tensor into the order images, channels, positions.

    Attributes:
        image: the dimension that images run along, and how many elements of it belong to one run over them.
        channels: the dimensions that are channels.
    """

    image: tuple[int, int] | None
    channels: tuple[int, ...]

    @classmethod
    @lru_cache(KNOWN)
    def of(cls, axes: Axes) -> Layout:
        """Of a tensor with these axes."""
        image = None
        channels = []
        for d, dim in enumerate(axes):
            kinds = [kind for kind, _ in dim]
            if kinds.count(IMAGE) == 1 and image is None:
                image = d, math.prod(size for _, size in dim[kinds.index(IMAGE) + 1 :])
            elif IMAGE in kinds:
                return cls(None, ())
            elif kinds and set(kinds) == {CHANNEL}:
                channels.append(d)
        return cls(image, tuple(channels))

    def by_image(self, x: Tensor, images: int) -> Tensor | None:
        """`(images, rest)`; None where images cannot be told apart."""
        split = self._split(x, images)
        return None if split is None else split.flatten(1) if split.ndim > 1 else split[:, None]

    def by_channel(self, x: Tensor, images: int) -> Tensor | None:
        """`(images, channels, positions)`; None where images cannot be told apart."""
        split = self._split(x, images)
        if split is None:
            return None
        dims = [1 + d for d in self.channels]
        moved = split.movedim(dims, list(range(1, 1 + len(dims)))) if dims else split
        channels = math.prod(moved.shape[1 : 1 + len(dims)])
        return moved.reshape(images, channels, -1)

    def _split(self, x: Tensor, images: int) -> Tensor | None:
        """Images first, then every dimension of `x` with what is left of its own."""
        if self.image is None or self.image[0] >= x.ndim:
            return None
        d, inner = self.image
        outer, rest = divmod(x.shape[d], images * inner)
        if rest or not outer:
            return None
        if outer == inner == 1 and d == 0:
            return x.unsqueeze(1)
        split: Tensor = x.unflatten(d, (outer, images, inner))  # type: ignore[no-untyped-call]
        return split.movedim(d + 1, 0).flatten(d + 1, d + 2)
