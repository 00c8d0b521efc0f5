"""Weight initialisations by name; `default` is whatever the network was built with."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import nn

from croze.errors import CrozeError
from croze.nn.seeding import seeded

Initialisation = Literal["default", "kaiming", "xavier"]
INITIALISATIONS: tuple[str, ...] = get_args(Initialisation)


def initialise(model: nn.Module, how: str, seed: int) -> None:
    """Fill the convolution and linear weights of `model` anew, in place.

    `default` changes nothing. `kaiming` draws from N(0, 2 / fan_in) (He et al. 2015), `xavier` from
    N(0, 2 / (fan_in + fan_out)) (Glorot & Bengio 2010); both set the biases of those layers to zero and
    leave every other parameter as it is. The same seed gives the same weights on every device.

    Raises:
        CrozeError: for an unknown name.
    """
    if how not in INITIALISATIONS:
        raise CrozeError(f"Unknown init {how!r}; choose one of {', '.join(INITIALISATIONS)}.")
    if how == "default":
        return
    with seeded(seed), torch.no_grad():
        for module in model.modules():
            if not isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear):
                continue
            drawn = torch.empty(module.weight.shape)
            if how == "kaiming":
                nn.init.kaiming_normal_(drawn, nonlinearity="relu")
            else:
                nn.init.xavier_normal_(drawn)
            module.weight.copy_(drawn)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
