"""Corruptions that lie in a folder in the layout of CIFAR-10-C, as trials."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from croze.corruptions import Corruption
from croze.corruptions.sets import read_set
from croze.data.dataset import Indices, evenly_spaced
from croze.errors import CrozeError
from croze.robustness.trials import Outcome, correct_ones

SAMPLED = 64
"""Images that tell one set from another."""


@dataclass(frozen=True, eq=False)
class Published:
    """A corruption of a severity, read from a folder in the layout of CIFAR-10-C; `of` makes one.

    Attributes:
        corruption: which, and how severe.
        folder: of the set.
        rows: int64 `(n,)`, the image of the set that each image of the evaluation is.
        digest: SHA-256 over some of these images.
    """

    corruption: Corruption
    folder: Path
    rows: Indices
    digest: str

    @classmethod
    def of(cls, corruption: Corruption, folder: Path, rows: Indices, labels: Indices) -> Published:
        """The trial on these rows of the set.

        Args:
            labels: of the evaluation's images, `(n,)`.

        Raises:
            CrozeError: as `read_set`, or when the set's labels are others.
        """
        stored, known = read_set(folder, corruption.name, corruption.severity)
        if rows.max() >= len(stored) or not (known[rows] == labels).all():
            raise CrozeError(
                f"The images in {folder} are not those of the evaluation, by number or labels: name the test "
                "set that it was made from."
            )
        some = stored[rows[evenly_spaced(len(rows), SAMPLED)]]
        return cls(corruption, folder, rows, hashlib.sha256(some.tobytes()).hexdigest())

    @property
    def key(self) -> str:
        """The corruption and what tells the set."""
        return f"{self.corruption} of set {self.digest[:16]}"

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, *, seed: int, first: int) -> Outcome:
        """The set's images in place of the clean ones, and one forward pass."""
        stored, _ = read_set(self.folder, self.corruption.name, self.corruption.severity)
        rows = self.rows[first : first + len(images)]
        corrupted = torch.from_numpy(stored[rows]).to(images) / 255
        return Outcome(correct_ones(model, corrupted, labels), len(images), 0)
