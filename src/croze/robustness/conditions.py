"""What a trained model is put through: clean images, attacks of a size, corruptions of a severity."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from croze.corruptions import Corruption, FrostTextures, corrupt
from croze.corruptions.sets import VERSION, read_set
from croze.data.dataset import Indices, evenly_spaced
from croze.errors import CrozeError
from croze.nn.forward import correct_of
from croze.nn.scratch import evaluating
from croze.nn.seeding import seeded
from croze.perturb.epsilon import write_epsilon
from croze.robustness.attacks import Attack

_VERSION = "" if VERSION == 1 else f" version {VERSION}"
"""What a corruption makes may change; outcomes of before are not found then."""


IN_8_BITS = "in 8 bits"
"""Behind the key of an attack: its images rounded to whole levels of 255."""

UNBOUNDED = 1.0
"""An l-inf epsilon at which every image can be made to any other."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of one batch: which images are classified correctly, bool `(N,)`, and passes of images.

    `not_finite` images have logits that are not all finite; they count as wrong.
    """

    correct: Tensor
    not_finite: int
    forwards: int
    backwards: int


class Condition(Protocol):
    """One column of an evaluation."""

    @property
    def key(self) -> str:
        """Its name, with everything that changes its result."""
        ...

    @property
    def filed(self) -> bool:
        """Whether what came of a batch is kept for the next time."""
        ...

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, *, seed: int, first: int) -> Outcome:
        """Run it on a batch: images `(N, C, H, W)` in [0, 1], of which the first is number `first`."""
        ...


@dataclass(frozen=True)
class Clean:
    """The images as they are."""

    key = "clean"
    filed = True

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, *, seed: int, first: int) -> Outcome:
        return classified(model, images, labels, seed)


@dataclass(frozen=True)
class Attacked:
    """An attack (prepared, where it needs that) of a size in pixel space."""

    attack: Attack
    epsilon: float
    norm: str = "linf"

    filed = True

    @property
    def key(self) -> str:
        """Such as `pgd(steps=50) linf 8/255`."""
        return f"{self.attack.spec} {self.norm} {write_epsilon(self.epsilon)}"

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, *, seed: int, first: int) -> Outcome:
        return self.attacked(model, images, labels, seed=seed, first=first)[0]

    def attacked(
        self, model: nn.Module, images: Tensor, labels: Tensor, *, seed: int, first: int
    ) -> tuple[Outcome, Tensor]:
        """What came of a batch, and its images `(N, C, H, W)` after the attack."""
        found = self.attack(
            model, images, labels, epsilon=self.epsilon, norm=self.norm, seed=seed, first=first
        )
        outcome = Outcome(found.correct.cpu(), found.not_finite, found.forwards, found.backwards)
        return outcome, found.images


@dataclass(frozen=True)
class Corrupted:
    """A corruption of a severity, made here; with textures of frost of one's own, where given."""

    corruption: Corruption
    frost: FrostTextures | None = field(default=None, compare=False)

    filed = True

    @property
    def key(self) -> str:
        """Such as `fog@3`; with textures of one's own they are named beside, and so is a later version."""
        if self.frost is not None and self.corruption.name == "frost":
            return f"{self.corruption}{_VERSION} of {self.frost.digest[:12]}"
        return f"{self.corruption}{_VERSION}"

    def images(self, images: Tensor, *, seed: int, first: int) -> Tensor:
        """The corrupted images."""
        name, severity = self.corruption.name, self.corruption.severity
        return corrupt(images, name, severity, seed=seed, first=first, frost=self.frost)

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, *, seed: int, first: int) -> Outcome:
        return classified(model, self.images(images, seed=seed, first=first), labels, seed)


def classified(model: nn.Module, images: Tensor, labels: Tensor, seed: int) -> Outcome:
    """One forward pass; a model that is random in evaluation mode draws from the seed."""
    with evaluating(model), torch.no_grad(), seeded(seed, (images.device,)):
        logits: Tensor = model(images)
    strange = int((~logits.isfinite().all(1)).sum())
    return Outcome(correct_of(logits, labels).cpu(), strange, len(images), 0)


SAMPLED = 64
"""Images that tell one set from another."""


@dataclass(frozen=True, eq=False)
class Published:
    """A corruption of a severity, read from a folder in the layout of CIFAR-10-C; `of` makes one.

    `rows` are the images of the set that the images of the evaluation are, int64 `(n,)`; the digest is over
    some of them.
    """

    corruption: Corruption
    folder: Path
    rows: Indices
    digest: str

    filed = True

    @classmethod
    def of(cls, corruption: Corruption, folder: Path, rows: Indices, labels: Indices) -> Published:
        """The condition on these rows of the set; CrozeError as `read_set`, or for other labels."""
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
        stored, _ = read_set(self.folder, self.corruption.name, self.corruption.severity)
        rows = self.rows[first : first + len(images)]
        corrupted = torch.from_numpy(stored[rows]).to(images) / 255
        return classified(model, corrupted, labels, seed)
