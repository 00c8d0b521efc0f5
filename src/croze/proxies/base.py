"""What a proxy is: a frozen set of arguments and one method that measures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from croze.notation import Named
from croze.proxies.passes import Passes
from croze.types import LayerScore


@dataclass(frozen=True)
class Measurement:
    """What `Proxy.measure` found: the value, its terms by layer, and remarks for the reader."""

    value: float
    layers: tuple[LayerScore, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proxy(Named, ABC):
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

    what = "proxy"
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
