"""A space of named choices: a list of options and a network make one, everything else comes from them."""

from __future__ import annotations

import ast
import dataclasses
import random
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from torch import nn

from croze.errors import CrozeError
from croze.nn.seeding import seeded
from croze.spaces.export import build_source, standalone
from croze.user_code import local_modules

Value = int | float | str | bool
"""What can be chosen."""

TRIES = 10_000
"""Draws after which a space is taken to allow nothing."""

_WORD = re.compile(r"[^\s,=]+")


@dataclass(frozen=True)
class Chosen:
    """An architecture: a value for every choice, in the order of the space's `choices`."""

    options: tuple[tuple[str, Value], ...]

    def __getitem__(self, name: str) -> Any:
        """The value of this choice."""
        return dict(self.options)[name]

    def replacing(self, name: str, value: Value) -> Chosen:
        """The architecture with another value for this choice."""
        return Chosen(tuple((n, value if n == name else v) for n, v in self.options))

    def __str__(self) -> str:
        return ",".join(f"{name}={value}" for name, value in self.options)


class ChoiceSpace(ABC):
    """Architectures are one option each of some named choices, written `depth=2,kernel=5`.

    A subclass is a frozen dataclass whose fields are the settings of the space. It says what there is to
    choose from and which network that makes; sampling, moves, notation, canonical form and export follow.
    Choices that have no effect, because what they are about is absent, are named by `unused`; options that do
    not go together are excluded by `allowed`.

    Attributes:
        name: of the space.
        network: the class of the networks, called with `classes` and with `arguments`, all by keyword. It and
            all that it needs must be defined in the same file or beside it, with nothing of croze.
        image_size: height and width of the images that the networks are made for.
    """

    name: ClassVar[str]
    network: ClassVar[type[nn.Module]]
    flavours: ClassVar[tuple[str, ...]] = ("default",)
    image_size: int = 32

    @property
    @abstractmethod
    def choices(self) -> Mapping[str, Sequence[Value]]:
        """Every choice with its options; the first one stands for all where the choice has no effect."""

    def arguments(self, chosen: Chosen, /) -> Mapping[str, Any]:
        """What the network is built with: numbers, texts, and tuples, lists and dictionaries of them.

        Unless a space says otherwise, these are its settings and the choices, all by name.
        """
        settings = {field.name: getattr(self, field.name) for field in _fields(self)}
        return settings | dict(chosen.options)

    def unused(self, chosen: Chosen, /) -> Collection[str]:
        """Names of the choices that have no effect, given the others; none unless a space says otherwise."""
        return ()

    def allowed(self, chosen: Chosen, /) -> bool:
        """Whether these options go together; what is unused must not count."""
        return True

    def parse(self, text: str) -> Chosen:
        """The architecture that `str` wrote; spaces and the order of the choices do not matter.

        Raises:
            CrozeError: for an unknown choice or option, one that is missing or given twice, or options that
                do not go together.
        """
        given: dict[str, str] = {}
        for term in text.split(","):
            name, equals, value = (part.strip() for part in term.partition("="))
            if not equals:
                raise self._malformed(text, f"{term.strip()!r} is no choice with an option")
            if name not in self._options:
                raise self._malformed(text, f"there is no choice {name!r}")
            if name in given:
                raise self._malformed(text, f"{name} is chosen twice")
            given[name] = value
        chosen: list[tuple[str, Value]] = []
        for name, options in self._options.items():
            if name not in given:
                raise self._malformed(text, f"{name} is not chosen")
            if given[name] not in options:
                raise self._malformed(
                    text, f"{name} has the options {', '.join(options)}, not {given[name]!r}"
                )
            chosen.append((name, options[given[name]]))
        found = Chosen(tuple(chosen))
        if not self.allowed(found):
            raise CrozeError(
                f"{text.strip()!r} is no architecture of {self.name}: these options do not go together."
            )
        return found

    def sample(self, rng: random.Random) -> Chosen:
        """Every choice drawn uniformly by itself, again until the options go together; a CrozeError if they
        never do.
        """
        for _ in range(TRIES):
            drawn = Chosen(tuple((n, rng.choice([*o.values()])) for n, o in self._options.items()))
            if self.allowed(drawn):
                return drawn
        raise CrozeError(f"The space {self.name} allowed none of {TRIES:,} architectures: it asks too much.")

    def mutate(self, chosen: Chosen, rng: random.Random, /) -> Chosen:
        """Another option for one choice that has an effect, both drawn uniformly from what is allowed.

        Raises:
            CrozeError: when no move is allowed.
        """
        moves = self._moves(chosen)
        if not moves:
            raise CrozeError(f"No single choice of {chosen} can be changed within the space {self.name}.")
        return rng.choice(rng.choice(moves))

    def neighbours(self, chosen: Chosen, /) -> list[Chosen]:
        """Everything that differs in one choice that has an effect."""
        return [neighbour for moves in self._moves(chosen) for neighbour in moves]

    def canonical(self, chosen: Chosen, /) -> Chosen:
        """The architecture with the first option wherever the choice has no effect."""
        for _ in self._options:  # a choice may decide whether others do
            unused = set(self.unused(chosen))
            first = {name: next(iter(self._options[name].values())) for name in unused}
            settled = Chosen(tuple((name, first.get(name, value)) for name, value in chosen.options))
            if settled == chosen:
                break
            chosen = settled
        return chosen

    def build(self, chosen: Chosen, /, *, classes: int, seed: int, flavour: str = "default") -> nn.Module:
        """The network of the canonical form, with weights drawn from the seed; a CrozeError for an unknown
        flavour.
        """
        if flavour not in self.flavours:
            raise CrozeError(f"Unknown flavour {flavour!r}; {self.name} has {', '.join(self.flavours)}.")
        with seeded(seed):
            return self.network(classes=classes, **self.arguments(self.canonical(chosen)))

    def export(self, chosen: Chosen, /, *, classes: int) -> str:
        """Python source of the network, taken from where its class is defined.

        Raises:
            CrozeError: when an argument of the network cannot be written down, or its class needs croze.
        """
        chosen = self.canonical(chosen)
        arguments = {"classes": classes, **self.arguments(chosen)}
        for name, value in arguments.items():
            if not _is_literal(value):
                raise CrozeError(
                    f"{self.name} cannot be exported: its network takes {name}={value!r}, which cannot be "
                    "written down; pass numbers, texts, tuples, lists and dictionaries."
                )
        kind = self.network
        if kind.__qualname__ != kind.__name__:
            raise CrozeError(
                f"{self.name} cannot be exported: {kind.__qualname__} must stand by itself in its file."
            )
        build = build_source(kind.__name__, {name: repr(value) for name, value in arguments.items()})
        title = (
            f"Network of the space {self.name}\n\n    {chosen}\n\nFound by croze; needs nothing but torch."
        )
        modules = local_modules(sys.modules[kind.__module__])
        source = standalone(modules, build, title=title, size=self.image_size)
        for module in modules:
            if re.search(rf"^import {re.escape(module.__name__)}\b", source, re.MULTILINE):
                raise CrozeError(
                    f"{self.name} cannot be exported: its network needs {module.__name__}; write "
                    f"`from {module.__name__} import ...` where it is imported."
                )
        return source

    @cached_property
    def _options(self) -> dict[str, dict[str, Value]]:
        """Every choice with its options by their text."""
        _fields(self)
        found: dict[str, dict[str, Value]] = {}
        for name, options in self.choices.items():
            texts = {str(option): option for option in options}
            if not _WORD.fullmatch(name) or not all(_WORD.fullmatch(text) for text in texts):
                raise CrozeError(
                    f"The choice {name!r} of {self.name}, or one of its options {', '.join(texts)}, is empty "
                    "or has a comma, an equals sign or a space in it: write it without."
                )
            if not texts or len(texts) != len(options) or len(set(options)) != len(options):
                raise CrozeError(
                    f"The choice {name!r} of {self.name} needs options that differ, got {options!r}."
                )
            found[name] = texts
        if not found:
            raise CrozeError(f"The space {self.name} has no choices.")
        return found

    def _moves(self, chosen: Chosen) -> list[list[Chosen]]:
        """The allowed moves of every choice that has any."""
        unused = set(self.unused(chosen))
        moves = [
            [
                moved
                for option in options.values()
                if option != chosen[name] and self.allowed(moved := chosen.replacing(name, option))
            ]
            for name, options in self._options.items()
            if name not in unused
        ]
        return [of_one for of_one in moves if of_one]

    def _malformed(self, text: str, why: str) -> CrozeError:
        example = ",".join(f"{name}={next(iter(options))}" for name, options in self._options.items())
        return CrozeError(f"{text!r} is no architecture of {self.name}: {why}; one looks like {example!r}.")


def _fields(space: ChoiceSpace) -> tuple[dataclasses.Field[Any], ...]:
    if not dataclasses.is_dataclass(space):
        raise CrozeError(
            f"{type(space).__name__} must be a frozen dataclass, so that its settings are known: write "
            "@dataclass(frozen=True) above it."
        )
    return dataclasses.fields(space)


def _is_literal(value: Any) -> bool:
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError):
        return False
