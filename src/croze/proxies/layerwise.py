"""What proxies that sum over layers share: the sum, and its terms for the reader."""

from __future__ import annotations

import math
from collections.abc import Mapping

from croze.proxies.base import Measurement
from croze.proxies.passes import Undefined
from croze.types import LayerScore


def summed(term: str, values: Mapping[str, float], notes: tuple[str, ...] = ()) -> Measurement:
    """The sum of one term a layer, in forward order.

    Raises:
        Undefined: when there is no layer, or a term is not finite.
    """
    if not values:
        raise Undefined(f"no layer has any {term}")
    for layer, value in values.items():
        if not math.isfinite(value):
            raise Undefined(f"the {term} of layer {layer} is not finite")
    layers = tuple(LayerScore(layer, {term: value}) for layer, value in values.items())
    return Measurement(math.fsum(values.values()), layers, notes)
