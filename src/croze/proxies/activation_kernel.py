"""On how many rectifier units the activation codes of two images agree."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from croze.proxies.clean import clean_pass
from croze.proxies.passes import Passes, Undefined

NO_RECTIFIER = "the network has no rectifier (ReLU or its kin), so it has no activation codes"
PRIMES = (2**31 - 1, 2**31 - 19)
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


def is_singular(kernel: Tensor) -> bool:
    """Whether the determinant of a matrix `(N, N)` of whole numbers is zero.

    Decided in whole numbers modulo two primes near 2^31, so the answer is the same on every processor. In
    floating point a determinant of zero comes out as rounding errors of either sign.
    """
    whole = kernel.to(device="cpu", dtype=torch.int64).numpy()
    return all(_singular_modulo(whole, prime) for prime in PRIMES)


def _singular_modulo(whole: np.ndarray, prime: int) -> bool:
    rows = whole % prime
    for k in range(len(rows)):
        candidates = np.flatnonzero(rows[k:, k])
        if not len(candidates):
            return True
        pivot = k + int(candidates[0])
        rows[[k, pivot]] = rows[[pivot, k]]
        factors = rows[k + 1 :, k] * pow(int(rows[k, k]), -1, prime) % prime
        rows[k + 1 :] = (rows[k + 1 :] - factors[:, None] * rows[k] % prime) % prime
    return False
