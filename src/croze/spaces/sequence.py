"""Spaces whose architectures are a sequence of options, one a layer."""

from __future__ import annotations

import random
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic, Self, TypeVar

from torch import nn

from croze.errors import CrozeError
from croze.nn.seeding import seeded
from croze.spaces.export import standalone


@dataclass(frozen=True, order=True)
class OptionSequence:
    """An architecture: the options of its layers, written one after the other.

    Attributes:
        options: one a layer.
        choices: what a layer can have.
        length: number of layers.
        between: what separates two options in text.
        example: such a text.

    Raises:
        CrozeError: for another number of options, or one that is none of `choices`.
    """

    options: tuple[int, ...]

    choices: ClassVar[tuple[int, ...]]
    length: ClassVar[int]
    between: ClassVar[str]
    example: ClassVar[str]

    def __post_init__(self) -> None:
        if len(self.options) != self.length or not set(self.options) <= set(self.choices):
            raise self.malformed(str(self))

    def __str__(self) -> str:
        return self.between.join(map(str, self.options))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The architecture that `str` wrote.

        Raises:
            CrozeError: for any other text.
        """
        parts = text.strip().split(cls.between) if cls.between else list(text.strip())
        known = {str(option): option for option in cls.choices}
        if len(parts) != cls.length or not set(parts) <= known.keys():
            raise cls.malformed(text)
        return cls(tuple(known[part] for part in parts))

    @classmethod
    def malformed(cls, text: str) -> CrozeError:
        """What a text that is no architecture is answered with."""
        shown = text if len(text) <= 60 else f"{text[:57]}..."
        return CrozeError(
            f"{shown!r} is no architecture of this space: it takes {cls.length} options out of "
            f"{', '.join(map(str, cls.choices))}, as in {cls.example!r}."
        )


A = TypeVar("A", bound=OptionSequence)


class SequenceSpace(ABC, Generic[A]):
    """A space of option sequences: samples, moves, networks and their export.

    Attributes:
        name: of the space.
        architectures: the class of its architectures.
        network: called with the options and `classes`; it and all that it needs stand in one module, with
            nothing of croze.
    """

    name: ClassVar[str]
    architectures: type[A]
    network: ClassVar[type[nn.Module]]
    flavours = ("benchmark",)

    def parse(self, text: str) -> A:
        """The architecture of this text, see `OptionSequence.parse`."""
        return self.architectures.parse(text)

    def sample(self, rng: random.Random) -> A:
        """Every option drawn uniformly."""
        kind = self.architectures
        return kind(tuple(rng.choices(kind.choices, k=kind.length)))

    def mutate(self, architecture: A, rng: random.Random, /) -> A:
        """Another option for one layer, both drawn uniformly."""
        return rng.choice(self.neighbours(architecture))

    def neighbours(self, architecture: A, /) -> list[A]:
        """Everything that differs in the option of one layer."""
        options = architecture.options
        return [
            self.architectures((*options[:layer], other, *options[layer + 1 :]))
            for layer, present in enumerate(options)
            for other in architecture.choices
            if other != present
        ]

    @abstractmethod
    def canonical(self, architecture: A, /) -> A:
        """The one that stands for all isomorphic ones."""

    def build(self, architecture: A, /, *, classes: int, seed: int, flavour: str = "benchmark") -> nn.Module:
        """The network, with PyTorch's default initialisation drawn from `seed`.

        Raises:
            CrozeError: for an unknown flavour.
        """
        if flavour not in self.flavours:
            raise CrozeError(f"Unknown flavour {flavour!r}; {self.name} has {', '.join(self.flavours)}.")
        with seeded(seed):
            return self.network(architecture.options, classes=classes)

    def export(self, architecture: A, /, *, classes: int) -> str:
        """Python source of the network that needs nothing but torch."""
        call = f"{self.network.__name__}({architecture.options}, classes={classes})"
        title = f"Network of {self.name}\n\n    {architecture}\n\nFound by croze; needs nothing but torch."
        module = sys.modules[self.network.__module__]
        return standalone([module], f"def build():\n    return {call}", title=title)
