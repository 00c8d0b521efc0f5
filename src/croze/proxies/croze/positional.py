"""`croze-positional`: this project's own form, gradient consistency position by position."""

from __future__ import annotations

from dataclasses import dataclass

from croze.proxies.base import Measurement
from croze.proxies.croze.cosine import along_first, sums_along_first
from croze.proxies.croze.form import CrozeForm
from croze.proxies.croze.surrogates import surrogates
from croze.proxies.passes import Passes


@dataclass(frozen=True)
class CrozePositional(CrozeForm):
    """Sum over layers and positions of |cos(g, g^r)| along the output channels.

    g and g^r are those of Eq. 6, taken on the weights as initialised with BatchNorm kept. A layer's term is
    the sum over input channels and kernel positions; layers are summed. Not a form the paper has: the
    gradient term alone of the released code's reductions, without that code's other departures.

    Components other than gradients (off by default) follow the same reductions: features along the batch
    over the layer's own output, sum of 1 + cos; parameters theta against theta^r along output channels, sum
    of 1 + cos. A layer's terms are multiplied.
    """

    components: tuple[str, ...] = ("gradients",)

    name = "croze-positional"
    summary = "gradient consistency position by position (this project's form)"
    source = "this project; reductions of the released CRoZe code on Eq. 6"

    @property
    def asks(self) -> frozenset[tuple[str, str]]:
        """With features the clean pass keeps them, and the robust one compares them position by position."""
        asked = super().asks
        return asked | {(self.init, "positions")} if (self.init, "features") in asked else asked

    def measure(self, passes: Passes) -> Measurement:
        """One value, and the chosen terms of each layer."""
        clean, robust = surrogates(passes, self)

        def term(component: str, layer: str) -> float:
            if component == "features":
                return float((1 + robust.positions[layer].cosine()).sum())
            if component == "parameters":
                return float((1 + along_first(clean.weights[layer], robust.weights[layer])).sum())
            return consistency[layer]

        layers = [layer for layer in clean.gradients if layer in robust.gradients]
        pairs = {layer: (clean.gradients[layer], robust.gradients[layer]) for layer in layers}
        consistency = sums_along_first(pairs if "gradients" in self.components else {})
        return self.combine(layers, term, clean.gradient_notes)
