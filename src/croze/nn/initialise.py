"""Weight initialisations by name; `default` is whatever the network was built with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from croze.errors import CrozeError
from croze.nn.plan import Plan
from croze.nn.seeding import seeded

Initialisation = Literal["default", "kaiming", "xavier", "gaussian"]
INITIALISATIONS: tuple[str, ...] = get_args(Initialisation)


def initialise(plan: Plan, parameters: Mapping[str, Tensor], how: str, seed: int) -> None:
    """Fill the weights of layers anew, in forward order, in place.

    `default` changes nothing. `kaiming` draws from N(0, 2 / fan_in) (He et al. 2015), `xavier` from N(0, 2 /
    (fan_in + fan_out)) (Glorot & Bengio 2010), `gaussian` from N(0, 1) (Lin et al. 2021); all three set the
    biases of those layers to zero and leave every other parameter as it is. The same seed gives the same
    weights on every device.

    Args:
        parameters: by the names of the plan.

    Raises:
        CrozeError: for an unknown name.
    """
    if how not in INITIALISATIONS:
        raise CrozeError(f"Unknown init {how!r}; choose one of {', '.join(INITIALISATIONS)}.")
    if how == "default":
        return
    with seeded(seed), torch.no_grad():
        for piece in plan.layers.values():
            parameter = parameters[piece.parameter]
            drawn = torch.empty(parameter.shape if piece.index is None else piece.index.shape)
            if how == "kaiming":
                nn.init.kaiming_normal_(drawn, nonlinearity="relu")
            elif how == "xavier":
                nn.init.xavier_normal_(drawn)
            else:
                nn.init.normal_(drawn)
            piece.write(parameter, drawn)
        for use in plan.uses.values():
            for piece in use.bias:
                parameter = parameters[piece.parameter]
                piece.write(
                    parameter, torch.zeros(parameter.shape if piece.index is None else piece.index.shape)
                )
