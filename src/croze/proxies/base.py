"""What a proxy is: a frozen set of arguments and one method that measures."""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self, get_origin, get_type_hints

from croze.errors import CrozeError
from croze.proxies.passes import Passes
from croze.types import LayerScore


@dataclass(frozen=True)
class Measurement:
    """What `Proxy.measure` found: the value, its terms by layer, and remarks for the reader."""

    value: float
    layers: tuple[LayerScore, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proxy(ABC):
    """A zero-cost proxy. Subclasses are frozen dataclasses whose fields are the proxy's arguments.

    Class attributes:
        name: as written on the command line.
        summary: one line for `croze list`.
        source: paper and section or equation.
        needs_labels: whether the labels of the batch enter.
        needs_gradients: whether anything is differentiated.
        needs_images: whether the images enter; a proxy without runs on noise, on ones or on no input.
        runs_in_chunks: whether it can take the batch in micro-batches; the others refuse them.
        takes: what it takes from the shared clean pass, out of `clean.PARTS`.
        dtype: what it computes in: `model` for the model's own, else the one it is defined in.
        higher_is_better: the direction in which it ranks.
        flavour: which flavour of a space's network it is defined on; a space that has only one ignores it.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    source: ClassVar[str]
    needs_labels: ClassVar[bool] = False
    needs_gradients: ClassVar[bool] = False
    needs_images: ClassVar[bool] = True
    runs_in_chunks: ClassVar[bool] = False
    takes: ClassVar[tuple[str, ...]] = ()
    dtype: ClassVar[str] = "model"
    higher_is_better: ClassVar[bool] = True
    flavour: ClassVar[str] = "benchmark"

    @property
    def asks(self) -> frozenset[tuple[str, str]]:
        """What it takes from shared passes, as pairs of an initialisation and a part.

        Known before anything runs, so that one pass serves every proxy of a call. A proxy overrides this when
        what it takes depends on its arguments.
        """
        return frozenset(("default", part) for part in self.takes)

    @abstractmethod
    def measure(self, passes: Passes) -> Measurement:
        """The value on this network and batch.

        Raises:
            Undefined: when there is none.
        """

    @cached_property
    def spec(self) -> str:
        """The name, and in brackets every argument that differs from its default."""
        given = [
            f"{f.name}={_write(getattr(self, f.name))}"
            for f in dataclasses.fields(self)
            if getattr(self, f.name) != f.default
        ]
        return f"{self.name}({','.join(given)})" if given else self.name

    @classmethod
    def from_arguments(cls, arguments: dict[str, str]) -> Self:
        """The proxy with these arguments, as text; a tuple is written `a+b`.

        Raises:
            CrozeError: for an unknown argument or a value that does not fit.
        """
        known = {f.name: f for f in dataclasses.fields(cls)}
        types = get_type_hints(cls)
        values: dict[str, Any] = {}
        for key, text in arguments.items():
            if key not in known:
                takes = f"takes {', '.join(known)}" if known else "takes no arguments"
                raise CrozeError(f"Proxy {cls.name} has no argument {key!r}; it {takes}.")
            values[key] = _read(cls.name, key, text, types[key])
        return cls(**values)


def _write(value: object) -> str:
    if isinstance(value, tuple):
        return "+".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def _read(proxy: str, key: str, text: str, kind: Any) -> Any:
    if kind is str:
        return text
    if kind in (int, float):
        convert: Callable[[str], float] = kind
        try:
            number = convert(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            what = "a whole number" if kind is int else "a number"
            raise CrozeError(f"Argument {key} of proxy {proxy} must be {what}, got {text!r}.")
        return number
    if get_origin(kind) is not tuple:
        raise TypeError(
            f"argument {key} of proxy {proxy} is a {kind}: write int, float, str or tuple[str, ...]"
        )
    return tuple(part.strip() for part in text.split("+"))
