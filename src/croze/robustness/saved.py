"""Attacked images on disk: as the attack made them, and rounded to 8 bits as an image file stores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.lib.format import open_memmap
from torch import Tensor, nn

from croze.data import Dataset
from croze.data.dataset import Indices
from croze.errors import CrozeError
from croze.files import read_json, slug, to_json, write_text
from croze.robustness.conditions import IN_8_BITS, Attacked, Condition, Outcome, classified
from croze.robustness.plan import Plan, is_bounded

FLOAT, BYTES, CONTEXT = "float32.npy", "uint8.npy", "context.json"
LABELS, ROWS = "labels.npy", "rows.npy"


class SavedImages:
    """A folder of attacked images, with one below it for each attack and size, see `docs/training.md`.

    Args:
        folder: of all of them.
        context: what the images depend on besides attack and size, JSON-ready.
        dataset: the images that are attacked.
        rows: which images of the whole data set these are, int64 `(n,)`.
        limits: by key of a condition, the first so many images only.

    Raises:
        CrozeError: when the folder cannot be written, or holds images of another context.
    """

    def __init__(
        self,
        folder: Path,
        context: Mapping[str, Any],
        dataset: Dataset,
        rows: Indices,
        limits: Mapping[str, int],
    ) -> None:
        self.folder, self._dataset, self._rows, self._limits = folder, dataset, rows, limits
        known = folder / CONTEXT
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not known.exists():
                write_text(known, to_json(context))
        except OSError as problem:
            raise CrozeError(f"Cannot save images in {folder}: {problem.strerror}.") from None
        if read_json(known) != dict(context):
            raise CrozeError(
                f"{folder} holds attacked images of other weights, images or settings: name another folder."
            )

    def holds(self, key: str, first: int, count: int) -> bool:
        """Whether a batch of a condition is there."""
        stored, _ = self._arrays(key)
        return not bool(np.isnan(stored[first : first + count]).any())

    def add(self, key: str, first: int, images: Tensor) -> None:
        """Save a batch: images `(n, C, H, W)` in [0, 1], of which the first is number `first`."""
        stored, rounded = self._arrays(key)
        rows = slice(first, first + len(images))
        rounded[rows] = (255 * images).round().to(torch.uint8).cpu().numpy()
        rounded.flush()
        stored[rows] = images.float().cpu().numpy()  # last: what is not NaN is there as a whole
        stored.flush()

    def in_8_bits(self, key: str, first: int, count: int) -> Tensor:
        """A batch of a condition, rounded: uint8 `(n, C, H, W)`."""
        return torch.from_numpy(self._arrays(key)[1][first : first + count].copy())

    def _arrays(self, key: str) -> tuple[np.memmap[Any, Any], np.memmap[Any, Any]]:
        folder = self.folder / slug(key)
        count = min(self._limits.get(key, len(self._dataset)), len(self._dataset))
        shape = (count, *self._dataset.size)
        try:
            folder.mkdir(exist_ok=True)
            if not (folder / FLOAT).exists():
                np.save(folder / LABELS, self._dataset.labels[:count])
                np.save(folder / ROWS, self._rows[:count])
                open_memmap(folder / BYTES, "w+", np.uint8, shape).flush()
                open_memmap(folder / f"new-{FLOAT}", "w+", np.float32, shape)[:] = np.nan
                (folder / f"new-{FLOAT}").replace(folder / FLOAT)
            found = open_memmap(folder / FLOAT, "r+"), open_memmap(folder / BYTES, "r+")
        except (OSError, ValueError) as problem:
            raise CrozeError(f"Cannot save images in {folder}: {problem}.") from None
        if any(array.shape != shape for array in found):
            raise CrozeError(f"{folder} holds another number of images: name another folder.")
        return found


@dataclass(frozen=True)
class Saving:
    """An attack whose images are saved; one image is attacked once."""

    attacked: Attacked
    saved: SavedImages

    filed = True

    @property
    def key(self) -> str:
        """That of the attack: its outcomes are the same."""
        return self.attacked.key

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, *, seed: int, first: int) -> Outcome:
        outcome, found = self.attacked.attacked(model, images, labels, seed=seed, first=first)
        self.saved.add(self.key, first, found)
        return outcome


@dataclass(frozen=True)
class InEightBits:
    """The saved images of an attack, rounded to 8 bits; those that are not there are attacked first."""

    attacked: Attacked
    saved: SavedImages

    filed = False

    @property
    def key(self) -> str:
        """Such as `pgd(steps=50) linf 8/255 in 8 bits`."""
        return f"{self.attacked.key} {IN_8_BITS}"

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, *, seed: int, first: int) -> Outcome:
        if not self.saved.holds(self.attacked.key, first, len(images)):
            Saving(self.attacked, self.saved)(model, images, labels, seed=seed, first=first)
        rounded = self.saved.in_8_bits(self.attacked.key, first, len(images)).to(images) / 255
        return classified(model, rounded, labels, seed)


def saving(plan: Plan, saved: SavedImages) -> Plan:
    """The plan with attacked images saved, and each attack followed by its images in 8 bits."""
    conditions: list[Condition] = []
    limits = dict(plan.limits)
    for condition in plan.conditions:
        if isinstance(condition, Attacked) and is_bounded(condition):
            rounded = InEightBits(condition, saved)
            conditions += [Saving(condition, saved), rounded]
            if condition.key in limits:
                limits[rounded.key] = limits[condition.key]
        else:
            conditions.append(condition)
    return Plan(conditions, limits)
