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
    is part of a score's identity in a store, so a space is best a frozen dataclass. Spaces and architectures
    can be pickled: they travel to worker processes.

    `choices.ChoiceSpace` is most of this for a space of named choices, the contract suite
    `croze.testing.spaces.check_space` checks all of it, and docs/spaces.md says how to write one.
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
        """The architecture that `str` wrote; a CrozeError for any other text."""
        ...

    def sample(self, rng: random.Random) -> A:
        """A random architecture, drawn from this generator and no other."""
        ...

    def mutate(self, architecture: A, rng: random.Random, /) -> A:
        """A random neighbour; the parent is not changed."""
        ...

    def neighbours(self, architecture: A, /) -> list[A]:
        """Everything one move away, each once; an architecture is a neighbour of all its neighbours."""
        ...

    def canonical(self, architecture: A, /) -> A:
        """The one architecture that stands for all that are isomorphic to this one; itself where none do."""
        ...

    def build(self, architecture: A, /, *, classes: int, seed: int, flavour: str = ...) -> nn.Module:
        """The network, with fresh weights drawn from the seed; global random state stays as it was.

        Raises:
            CrozeError: for a flavour that the space does not have.
        """
        ...

    def export(self, architecture: A, /, *, classes: int) -> str:
        """Python source of the network that needs nothing but torch, with a function `build()`."""
        ...
