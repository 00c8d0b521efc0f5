"""What the forms of CRoZe have in common: arguments, product over components, sum over layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from croze.errors import CrozeError
from croze.nn.initialise import INITIALISATIONS
from croze.perturb import find_perturbation
from croze.proxies.base import Measurement, Proxy
from croze.proxies.passes import Undefined
from croze.types import LayerScore

COMPONENTS = ("features", "parameters", "gradients")


@dataclass(frozen=True)
class CrozeForm(Proxy):
    """Base of the three forms.

    Args:
        beta: step size of the weight perturbation relative to a layer's norm (Eq. 3).
        epsilon_normalised: size of the input perturbation (Eq. 4), in *normalised* image space.
        components: which of features (Eq. 5), parameters (Eq. 8) and gradients (Eq. 9) enter the product;
            one that is left out is the factor 1 (Table 5).
        perturbation: fgsm, pgd, gaussian, uniform, none or a corruption such as corruption:fog@3: how x' is
            made.
        init: default (the weights as handed in), kaiming, xavier or gaussian.

    Raises:
        CrozeError: for a value that makes no sense.
    """

    beta: float = 2.0
    epsilon_normalised: float = 0.01
    components: tuple[str, ...] = COMPONENTS
    perturbation: str = "fgsm"
    init: str = "default"

    needs_labels = True
    needs_gradients = True
    runs_in_chunks = True

    @property
    def asks(self) -> frozenset[tuple[str, str]]:
        """Gradients, and features only where that component is asked for: recording costs time."""
        parts = {"gradients", "features"} if "features" in self.components else {"gradients"}
        return frozenset((self.init, part) for part in parts)

    def __post_init__(self) -> None:
        for name in ("beta", "epsilon_normalised"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise CrozeError(f"Argument {name} of {self.name} must be a number >= 0, got {value}.")
        unknown = [c for c in self.components if c not in COMPONENTS]
        if unknown or not self.components or len(set(self.components)) < len(self.components):
            raise CrozeError(
                f"Argument components of {self.name} takes a subset of {'+'.join(COMPONENTS)}, "
                f"got {'+'.join(self.components) or 'none of them'}."
            )
        # one order, so that the same subset has one name
        object.__setattr__(self, "components", tuple(c for c in COMPONENTS if c in self.components))
        find_perturbation(self.perturbation)
        if self.init not in INITIALISATIONS:
            raise CrozeError(
                f"Argument init of {self.name} takes {', '.join(INITIALISATIONS)}, got {self.init!r}."
            )

    def combine(
        self, layers: Sequence[str], term: Callable[[str, str], float], notes: Sequence[str] = ()
    ) -> Measurement:
        """Sum over layers of the absolute product of the chosen components' terms (Eq. 10).

        Args:
            layers: names, in forward order.
            term: from component and layer to a term; called for the chosen components only.
            notes: for the reader of the score.

        Raises:
            Undefined: when a term is not finite.
        """
        total = 0.0
        found = []
        for layer in layers:
            terms = {component: term(component, layer) for component in self.components}
            product = math.prod(terms.values())
            if not math.isfinite(product):
                raise Undefined(f"the terms of layer {layer} are not finite")
            total += abs(product)
            found.append(LayerScore(layer, terms))
        return Measurement(total, tuple(found), tuple(notes))
