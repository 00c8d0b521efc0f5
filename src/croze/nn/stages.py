"""How a network tells its stages: what `croze-official` needs beyond what hooks can see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Stages:
    """A network's stage outputs, and which of them stands for each layer.

    Attributes:
        outputs: names of the modules whose outputs are the stage features, in forward order.
        of_layer: name of each convolution and linear layer -> index into `outputs`.
        keeps_batchnorm: names of the modules below which the released code keeps BatchNorm.
    """

    outputs: tuple[str, ...]
    of_layer: Mapping[str, int]
    keeps_batchnorm: tuple[str, ...] = ()


@runtime_checkable
class Staged(Protocol):
    """A network that declares its stages."""

    def stages(self) -> Stages:
        """The declaration; names are those of `named_modules`."""
        ...
