"""`smooth-features` and `smooth-gradients`: consistency under noise on the inputs, without a weight step.

The second axis of robustness at initialisation: it runs against capability (and size), and with the accuracy
under strong white-box attacks on standard-trained networks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from croze.errors import CrozeError
from croze.perturb import find_perturbation
from croze.perturb.base import Ball
from croze.proxies.base import Measurement, Proxy
from croze.proxies.clean import add_gradients, clean_pass, gradients_of, joined
from croze.proxies.croze.cosine import along_first
from croze.proxies.passes import Passes, Undefined
from croze.types import LayerScore


@dataclass(frozen=True)
class _Smoothness(Proxy):
    """Arguments of both: deviation of the Gaussian noise, in *normalised* image space."""

    epsilon_normalised: float = 0.1

    needs_labels = True
    needs_gradients = True
    runs_in_chunks = True

    def __post_init__(self) -> None:
        if not (math.isfinite(self.epsilon_normalised) and self.epsilon_normalised > 0):
            raise CrozeError(
                f"Argument epsilon_normalised of {self.name} must be above 0, got {self.epsilon_normalised}."
            )

    def _mean(self, cosines: Mapping[str, float], notes: tuple[str, ...]) -> Measurement:
        if not cosines:
            raise Undefined("no layer has a feature or a gradient to compare")
        for layer, value in cosines.items():
            if not math.isfinite(value):
                raise Undefined(f"the cosine of layer {layer} is not finite")
        layers = tuple(LayerScore(layer, {"cosine": value}) for layer, value in cosines.items())
        return Measurement(math.fsum(cosines.values()) / len(cosines), layers, notes)


@dataclass(frozen=True)
class SmoothFeatures(_Smoothness):
    """Mean over layers and images of cos(z_n, z'_n), z' the layer's output for x + epsilon * N(0, 1).

    z_n is the whole output for one image. Two forward passes in training mode,
    in the model's dtype; cosines in float64, because they are near 1.
    """

    name = "smooth-features"
    summary = "consistency of features under Gaussian noise, no weight step"
    source = "this project; features of Eq. 5 of Ha et al. 2023 without Eq. 3"
    takes = ("features",)
    needs_labels = False
    needs_gradients = False

    def measure(self, passes: Passes) -> Measurement:
        """A number in [-1, 1], and the mean cosine of every layer."""
        clean = passes.once(clean_pass, "default")
        noisy = _noisy_features(passes, self.epsilon_normalised)
        cosines = {
            layer: float(_by_image(z, noisy[layer])) for layer, z in clean.features.items() if layer in noisy
        }
        return self._mean(cosines, clean.notes)


@dataclass(frozen=True)
class SmoothGradients(_Smoothness):
    """Mean over layers and positions of |cos(g, g')| along output channels, g' the gradient at noisy inputs.

    The weights are the same for both, so this is `croze-positional` without its weight step, averaged where
    that sums. Two forward and backward passes in training mode, in the model's dtype.
    """

    name = "smooth-gradients"
    summary = "consistency of gradients under Gaussian noise, no weight step"
    source = "this project; gradients of Eq. 6 of Ha et al. 2023 without Eq. 3"
    takes = ("gradients",)

    def measure(self, passes: Passes) -> Measurement:
        """A number in [0, 1], and the mean cosine of every layer."""
        clean = passes.once(clean_pass, "default")
        noisy = passes.once(_noisy_gradients, self.epsilon_normalised)
        cosines = {
            layer: float(along_first(g, noisy[layer]).abs().double().mean())
            for layer, g in clean.gradients.items()
            if layer in noisy
        }
        return self._mean(cosines, clean.gradient_notes)


def _noisy(passes: Passes, epsilon: float) -> Tensor:
    generator = torch.Generator().manual_seed(passes.seed)
    gaussian = find_perturbation("gaussian")
    return gaussian(passes.inputs, lambda x: x, Ball(epsilon), generator)


def _noisy_features(passes: Passes, epsilon: float) -> dict[str, Tensor]:
    network = passes.network()
    x = _noisy(passes, epsilon)
    parts = []
    for rows in passes.chunks(network):
        watch = passes.watch(network, x[rows])
        parts.append(watch.kept_features())
        with torch.no_grad():
            passes.logits(network, x[rows], watch=watch)
    return joined(parts)


def _noisy_gradients(passes: Passes, epsilon: float) -> dict[str, Tensor]:
    network = passes.network()
    x = _noisy(passes, epsilon)
    found: dict[str, Tensor] = {}
    for rows in passes.chunks(network):
        with torch.enable_grad():
            loss = passes.share(passes.loss(network, x[rows], rows=rows), rows)
            add_gradients(found, gradients_of(loss, passes.holders(network)))
    return passes.by_layer(network, found)


def _by_image(a: Tensor, b: Tensor) -> Tensor:
    a, b = a.flatten(1).double(), b.flatten(1).double()
    norms = torch.linalg.vector_norm(a, dim=1) * torch.linalg.vector_norm(b, dim=1)
    products = (a * b).sum(dim=1)
    return torch.where(norms == 0, 0.0, products / norms.clamp_min(torch.finfo(norms.dtype).tiny)).mean()
