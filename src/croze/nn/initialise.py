"""Weight initialisations by name; `default` is whatever the network was built with."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from croze.errors import CrozeError
from croze.nn.seeding import seeded

Initialisation = Literal["default", "kaiming", "xavier", "gaussian"]
INITIALISATIONS: tuple[str, ...] = get_args(Initialisation)


def initialise(model: nn.Module, how: str, seed: int) -> None:
    """Fill the convolution and linear weights of `model` anew, in place.

    `default` changes nothing. `kaiming` draws from N(0, 2 / fan_in) (He et al. 2015), `xavier` from N(0, 2 /
    (fan_in + fan_out)) (Glorot & Bengio 2010), `gaussian` from N(0, 1) (Lin et al. 2021); all three set the
    biases of those layers to zero and leave every other parameter as it is. The same seed gives the same
    weights on every device.

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
            elif how == "xavier":
                nn.init.xavier_normal_(drawn)
            else:
                nn.init.normal_(drawn)
            _fill(module, drawn)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def _fill(module: nn.Module, drawn: Tensor) -> None:
    """Put a drawn weight in place; where the weight is computed from others, make them give it."""
    if isinstance(module.weight, nn.Parameter):
        module.weight.copy_(drawn)
    elif parametrize.is_parametrized(module, "weight"):
        weight = module.weight
        assert isinstance(weight, Tensor)
        module.weight = drawn.to(weight)
    elif isinstance(
        getattr(module, "weight_orig", None), nn.Parameter
    ):  # spectral norm before parametrizations
        module.get_parameter("weight_orig").copy_(drawn)
    elif isinstance(getattr(module, "weight_v", None), nn.Parameter):  # weight norm before parametrizations
        norms = torch.linalg.vector_norm(drawn.flatten(1), dim=1)
        module.get_parameter("weight_v").copy_(drawn)
        module.get_parameter("weight_g").copy_(norms.view_as(module.get_parameter("weight_g")))
    else:
        raise CrozeError(f"The weight of a {type(module).__name__} is computed and cannot be drawn anew.")
