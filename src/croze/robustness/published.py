"""Corruptions that lie in a folder in the layout of CIFAR-10-C, as trials."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from croze.corruptions import Corruption
from croze.corruptions.published import read_set
from croze.data.dataset import Indices
from croze.errors import CrozeError
from croze.robustness.trials import Outcome, correct_ones


@dataclass(frozen=True, eq=False)
class Published:
    """A corruption of a severity, read from a folder in the layout of CIFAR-10-C.

    Attributes:
        corruption: which, and how severe.
        folder: of the set.
        rows: int64 `(n,)`, the image of the set that each image of the evaluation is.
    """

    corruption: Corruption
    folder: Path
    rows: Indices

    @property
    def key(self) -> str:
        """The corruption and the folder."""
        return f"{self.corruption} of {self.folder}"

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, *, seed: int, first: int) -> Outcome:
        """The set's images in place of the clean ones, and one forward pass.

        Raises:
            CrozeError: when the folder has not these images.
        """
        stored, known = read_set(self.folder, self.corruption.name, self.corruption.severity)
        rows = self.rows[first : first + len(images)]
        if rows.max() >= len(stored) or not (known[rows] == labels.cpu().numpy()).all():
            raise CrozeError(
                f"The images in {self.folder} are not those of the evaluation, by number or labels: name the "
                "test set that it was made from."
            )
        corrupted = torch.from_numpy(stored[rows]).to(images) / 255
        return Outcome(correct_ones(model, corrupted, labels), len(images), 0)
