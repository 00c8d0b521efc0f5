"""The values that every part of the package passes around: a batch, a score, an architecture."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from croze.errors import CrozeError

ROUNDING = 1e-6
"""How far pixels may lie outside [0, 1]: images that were normalised and brought back do."""


@runtime_checkable
class Architecture(Hashable, Protocol):
    """A value: frozen, hashable, equal by content; `space.parse(str(architecture))` gives it back."""

    def __str__(self) -> str: ...


@dataclass(frozen=True, eq=False)
class Batch:
    """Labelled images in pixel space, with the normalisation beside them.

    Attributes:
        images: float tensor `(N, C, H, W)` with values in [0, 1]; values outside by rounding are clamped.
        labels: int64 tensor `(N,)` with values in `0 .. classes - 1`.
        classes: number of classes of the data set (not of the batch).
        mean, std: per-channel statistics in pixel space; `normalised` applies them.
        source: where the images come from, for provenance.

    Raises:
        CrozeError: on a wrong shape, values outside [0, 1], non-finite values or labels out of range.
    """

    images: Tensor
    labels: Tensor
    classes: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    source: str = ""

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if images.ndim != 4 or not images.is_floating_point():
            raise CrozeError(
                "A batch needs float images of shape (N, C, H, W), "
                f"got {images.dtype} of shape {tuple(images.shape)}."
            )
        if len(images) == 0:
            raise CrozeError("A batch needs at least one image, got none.")
        if labels.shape != (len(images),) or labels.dtype != torch.int64:
            raise CrozeError(
                f"A batch of {len(images)} images needs as many int64 labels, "
                f"got {labels.dtype} of shape {tuple(labels.shape)}."
            )
        low, high = (float(v) for v in torch.aminmax(images))
        if not (low >= -ROUNDING and high <= 1 + ROUNDING):
            raise CrozeError(
                f"Images must lie in [0, 1], got values from {low:g} to {high:g}: "
                "divide by 255 or undo the normalisation, which belongs in `mean` and `std`."
            )
        if low < 0 or high > 1:
            object.__setattr__(self, "images", images.clamp(0.0, 1.0))
        first, last = int(labels.min()), int(labels.max())
        if first < 0 or last >= self.classes:
            wrong = first if first < 0 else last
            raise CrozeError(f"Labels must lie in 0..{self.classes - 1}, got {wrong}.")
        channels = images.shape[1]
        if len(self.mean) != channels or len(self.std) != channels or not _usable(self.mean, self.std):
            raise CrozeError(
                f"Images of {channels} channels need {channels} finite means and positive deviations, "
                f"got mean {self.mean} and std {self.std}."
            )

    def __len__(self) -> int:
        return len(self.images)

    def normalised(self) -> Tensor:
        """`(images - mean) / std` per channel, shape `(N, C, H, W)`."""
        return (self.images - self._channels(self.mean)) / self._channels(self.std)

    def pixels(self, normalised: Tensor) -> Tensor:
        """The inverse of `normalised`, without clamping."""
        return normalised * self._channels(self.std) + self._channels(self.mean)

    def in_channels(self, channels: int | None) -> Batch:
        """The batch with grey images repeated to so many channels; None, or colours, leave it as it is."""
        if channels in (None, 1) or self.images.shape[1] != 1:
            return self
        images = self.images.repeat(1, channels, 1, 1)
        return replace(self, images=images, mean=self.mean * channels, std=self.std * channels)

    def to(self, *args: Any, **kwargs: Any) -> Batch:
        """The batch with its images moved as by `Tensor.to`; labels follow the device only."""
        images = self.images.to(*args, **kwargs)
        return replace(self, images=images, labels=self.labels.to(images.device))

    def digest(self) -> str:
        """SHA-256 over pixels, labels, classes and normalisation: the identity of the batch in a store."""
        parts = hashlib.sha256()
        parts.update(repr((tuple(self.images.shape), self.classes, self.mean, self.std)).encode())
        parts.update(self.images.to("cpu", torch.float32).contiguous().numpy().tobytes())
        parts.update(self.labels.cpu().numpy().tobytes())
        return parts.hexdigest()

    def _channels(self, values: tuple[float, ...]) -> Tensor:
        return torch.tensor(values, dtype=self.images.dtype, device=self.images.device).view(1, -1, 1, 1)


def _usable(mean: tuple[float, ...], std: tuple[float, ...]) -> bool:
    return all(math.isfinite(m) for m in mean) and all(math.isfinite(s) and s > 0 for s in std)


@dataclass(frozen=True)
class LayerScore:
    """One layer's terms: the summands and factors of a score, by component."""

    layer: str
    terms: Mapping[str, float]


@dataclass(frozen=True)
class Score:
    """What one proxy says of one network.

    Attributes:
        proxy: the full name, with every argument that differs from its default.
        value: the score, or None when it could not be computed: then `reason` says why.
        reason: empty when `ok`.
        layers: per-layer terms in forward order, where the proxy has them.
        notes: what a reader of the number has to know (a fallback that was taken, for example).
        seconds: time the score took; passes shared by several proxies count for the first of them.
    """

    proxy: str
    value: float | None
    reason: str = ""
    layers: tuple[LayerScore, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    @property
    def ok(self) -> bool:
        """Whether there is a number to rank by."""
        return self.value is not None

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping."""
        return {
            "proxy": self.proxy,
            "ok": self.ok,
            "value": self.value,
            "reason": self.reason,
            "notes": list(self.notes),
            "seconds": self.seconds,
            "layers": [{"layer": layer.layer, **layer.terms} for layer in self.layers],
        }
