"""On how many rectifier units the activation codes of two images agree."""

from __future__ import annotations

import torch
from torch import Tensor

from croze.proxies.clean import clean_pass
from croze.proxies.passes import Passes, Undefined

NO_RECTIFIER = "the network has no rectifier (ReLU or its kin), so it has no activation codes"
NAN = "the logits are not finite (NaN), so the activation codes mean nothing"


def codes_of(passes: Passes) -> tuple[Tensor, ...]:
    """The codes of the clean pass, bool `(N, units)` for every rectifier.

    Raises:
        Undefined: when no rectifier runs, or the network gives NaN.
    """
    clean = passes.once(clean_pass, "default")
    if not clean.codes:
        raise Undefined(NO_RECTIFIER)
    if clean.nan:
        raise Undefined(NAN)
    return clean.codes


def agreement(passes: Passes) -> Tensor:
    """K_H of Mellor et al. 2021, float64 `(N, N)`: the number of units minus the Hamming distance."""
    return agreement_of(codes_of(passes))


def agreement_of(codes: tuple[Tensor, ...]) -> Tensor:
    """The same from codes, each `(N, units)`."""
    images = len(codes[0])
    total = torch.zeros(images, images, dtype=torch.float64, device=codes[0].device)
    for code in codes:
        active = code.to(torch.float32)  # exact: fewer than 2^23 units a layer
        count = active.sum(dim=1)
        total += (2 * (active @ active.T) - count[:, None] - count).double() + code.shape[1]
    return total
