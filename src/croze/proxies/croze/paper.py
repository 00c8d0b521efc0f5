"""`croze-paper`: Eq. 3-10 of the paper as they are written."""

from __future__ import annotations

import math
from dataclasses import dataclass

from croze.errors import CrozeError
from croze.proxies.base import Measurement
from croze.proxies.croze.cosine import whole
from croze.proxies.croze.form import CrozeForm
from croze.proxies.croze.surrogates import surrogates
from croze.proxies.passes import Passes


@dataclass(frozen=True)
class CrozePaper(CrozeForm):
    """Sum over layers m of Z_m * P_m * G_m (Eq. 10).

    Z_m = 1 + cos(z_m, z_m^r) over the layer's whole output (Eq. 5), P_m = 1 + cos(theta_1, theta_1^r) of the
    weights one step of size gamma further (Eq. 7 and 8), G_m = |cos(g, g^r)| (Eq. 9). A layer enters when
    a gradient that is not zero throughout reaches its weight. The paper states no gamma; 0.1 is the learning
    rate of its training recipe.

    The step of Eq. 3 is as long as twice the weights, so rounding can flip units of the perturbed network:
    in float32 a score may be off by some percent, and its ranking depends more on seed and batch than that
    of the other forms.
    """

    gamma: float = 0.1

    name = "croze-paper"
    summary = "CRoZe, Eq. 3-10 as written"
    source = "Ha et al. 2023, Eq. 3-10"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (math.isfinite(self.gamma) and self.gamma >= 0):
            raise CrozeError(f"Argument gamma of {self.name} must be a number >= 0, got {self.gamma}.")

    def measure(self, passes: Passes) -> Measurement:
        """One value, and the chosen terms of each layer."""
        clean, robust = surrogates(passes, self)

        def term(component: str, layer: str) -> float:
            if component == "features":
                return 1 + float(robust.features[layer].cosine())
            g, g_r = clean.gradients[layer], robust.gradients[layer]
            if component == "gradients":
                return abs(whole(g, g_r))
            return 1 + whole(clean.weights[layer] - self.gamma * g, robust.weights[layer] - self.gamma * g_r)

        layers = [layer for layer, g in clean.gradients.items() if g.any() and layer in robust.gradients]
        return self.combine(layers, term, clean.gradient_notes)
