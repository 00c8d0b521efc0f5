"""What a search space is."""

from __future__ import annotations

import random
from typing import Protocol, TypeVar

from torch import nn

from croze.types import Architecture

A = TypeVar("A", bound=Architecture)


class Space(Protocol[A]):
    """Architectures as values, moves between them, and the networks built from them.

    Equal seeds give equal samples, moves and weights. `repr` names every setting that changes a network: it
    is part of a score's identity in a store, so a space is best a frozen dataclass.
    """

    @property
    def name(self) -> str:
        """What the space is called; a class attribute will do."""
        ...

    @property
    def flavours(self) -> tuple[str, ...]:
        """The network's flavours, the usual one first."""
        ...

    def parse(self, text: str) -> A:
        """The architecture that `str` wrote; raises CrozeError for anything else."""
        ...

    def sample(self, rng: random.Random) -> A:
        """A random architecture."""
        ...

    def mutate(self, architecture: A, rng: random.Random, /) -> A:
        """A random neighbour; the parent is not changed."""
        ...

    def neighbours(self, architecture: A, /) -> list[A]:
        """Everything one move away."""
        ...

    def canonical(self, architecture: A, /) -> A:
        """The one architecture that stands for all that are isomorphic to this one."""
        ...

    def build(self, architecture: A, /, *, classes: int, seed: int, flavour: str = ...) -> nn.Module:
        """The network, with fresh weights drawn from the seed."""
        ...

    def export(self, architecture: A, /, *, classes: int) -> str:
        """Python source of the network that needs nothing but torch, with a function `build()`."""
        ...
