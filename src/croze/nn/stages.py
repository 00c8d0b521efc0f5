"""How a network tells its stages: what `croze-official` needs beyond what hooks can see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True)
class Stages:
    """A network's stage outputs, and which of them stands for each layer.

    A network declares them by a method `stages()` without arguments that returns this.

    Attributes:
        outputs: names of the modules whose outputs are the stage features, in forward order.
        of_layer: name of each convolution and linear layer -> index into `outputs`.
        keeps_batchnorm: names of the modules below which the released code keeps BatchNorm.
    """

    outputs: tuple[str, ...]
    of_layer: Mapping[str, int]
    keeps_batchnorm: tuple[str, ...] = ()


def declared_stages(model: nn.Module) -> Stages | None:
    """What the network declares; None when it declares nothing.

    Only a method of the class counts: many networks have a submodule that is called `stages`.
    """
    method = getattr(type(model), "stages", None)
    found = method(model) if callable(method) else None
    return found if isinstance(found, Stages) else None
