"""The loss of a step: what each recipe minimises."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, log_softmax, softmax

from croze.nn.forward import logits_of
from croze.nn.normalised import Normalised
from croze.training.perturbed import perturbed_images
from croze.training.recipe import Recipe


@dataclass(frozen=True)
class Step:
    """Loss of one batch, and how many of its images were classified correctly.

    Attributes:
        loss: a scalar with its graph.
        clean, adversarial: correct ones among the clean and among the perturbed images, as the model saw
            them in this step; None where it saw none.
    """

    loss: Tensor
    clean: Tensor | None
    adversarial: Tensor | None


def step_loss(
    model: Normalised, images: Tensor, labels: Tensor, recipe: Recipe, generator: torch.Generator
) -> Step:
    """The recipe's loss on one batch.

    - standard: cross-entropy of the clean images;
    - pgd, fast: cross-entropy of the perturbed ones (Madry et al. 2018, eq. 2.1);
    - trades: cross-entropy of the clean ones and beta times the divergence of the perturbed from the clean
      prediction (Zhang et al. 2019, eq. 5).

    An auxiliary head adds the cross-entropy of its logits, by the recipe's weight (Liu et al. 2019,
    section 3.3).
    """
    entropy = partial(cross_entropy, target=labels, label_smoothing=recipe.label_smoothing)
    if recipe.method == "standard":
        logits, auxiliary = _logits(model, images, recipe)
        return Step(_with(entropy(logits), auxiliary, entropy, recipe), _correct(logits, labels), None)
    perturbed = perturbed_images(model, images, labels, recipe, generator)
    if recipe.method == "trades":
        clean, auxiliary = _logits(model, images, recipe)
        adversarial = model(perturbed)
        divergence = kl_div(log_softmax(adversarial, dim=1), softmax(clean, dim=1), reduction="batchmean")
        loss = _with(entropy(clean) + recipe.beta * divergence, auxiliary, entropy, recipe)
        return Step(loss, _correct(clean, labels), _correct(adversarial, labels))
    logits, auxiliary = _logits(model, perturbed, recipe)
    return Step(_with(entropy(logits), auxiliary, entropy, recipe), None, _correct(logits, labels))


def has_auxiliary(network: torch.nn.Module) -> bool:
    """Whether the network has an auxiliary head, in the way of the DARTS networks here."""
    return getattr(network, "auxiliary_head", None) is not None and hasattr(network, "with_auxiliary")


def _logits(model: Normalised, images: Tensor, recipe: Recipe) -> tuple[Tensor, Tensor | None]:
    if recipe.auxiliary > 0 and has_auxiliary(model.network):
        logits, auxiliary = model.network.with_auxiliary(model.normalise(images))  # type: ignore[operator]
        return logits_of(logits), auxiliary
    return model(images), None


def _with(loss: Tensor, auxiliary: Tensor | None, entropy: partial[Tensor], recipe: Recipe) -> Tensor:
    return loss if auxiliary is None else loss + recipe.auxiliary * entropy(auxiliary)


def _correct(logits: Tensor, labels: Tensor) -> Tensor:
    return (logits.detach().argmax(1) == labels).sum()
