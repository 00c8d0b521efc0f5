"""The loss of a step, and the perturbed images that adversarial training computes it on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, kl_div, log_softmax, softmax

from croze.nn.batch_statistics import batch_statistics
from croze.nn.forward import correct_of, logits_of
from croze.nn.normalised import Normalised
from croze.nn.scratch import evaluating
from croze.perturb.base import Ball, draw
from croze.perturb.inputs import PGD
from croze.training.recipe import Recipe

# Zhang et al. (2019) start from noise of this deviation, for their loss has no gradient at the images
TRADES_START = 0.001


def perturbed_images(
    model: nn.Module, images: Tensor, labels: Tensor, recipe: Recipe, generator: torch.Generator
) -> Tensor | None:
    """The images that the recipe trains on beside or instead of the clean ones; None of the standard recipe.

    The model is not changed. PGD and FGSM see it as it trains (statistics of the batch), TRADES as it
    evaluates, as in their papers' code; drop-path and dropout are off for either.
    """
    if not recipe.adversarial:
        return None
    ball = Ball(recipe.epsilon, 0.0, 1.0, norm=recipe.norm)
    relative = recipe.step / recipe.epsilon
    if recipe.method == "trades":
        with evaluating(model):
            with torch.no_grad():
                target = softmax(model(images), dim=1)
            start = ball.clamp(images + TRADES_START * draw(torch.randn, images, generator))
            gradient = input_gradient(lambda x: kl_div(log_softmax(model(x), dim=1), target, reduction="sum"))
            return PGD(recipe.steps, relative).climb(images, start, gradient, ball).detach()
    loss = input_gradient(lambda x: cross_entropy(model(x), labels, reduction="sum"))
    with batch_statistics(model):
        return PGD(recipe.steps, relative)(images, loss, ball, generator).detach()


def input_gradient(loss: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The gradient of a loss with respect to the images alone: no work for the weights."""

    def of(x: Tensor) -> Tensor:
        with torch.enable_grad():
            x = x.detach().requires_grad_(True)
            (found,) = torch.autograd.grad(loss(x), x)
        return found

    return of


@dataclass(frozen=True)
class Step:
    """Loss of one batch with its graph, and how many clean and perturbed images the model had right.

    None where it saw none in this step.
    """

    loss: Tensor
    clean: Tensor | None
    adversarial: Tensor | None


def step_loss(
    model: Normalised, images: Tensor, perturbed: Tensor | None, labels: Tensor, recipe: Recipe
) -> Step:
    """The recipe's loss on one batch, `perturbed` being its `perturbed_images`.

    - standard: cross-entropy of the clean images;
    - pgd, fast: cross-entropy of the perturbed ones (Madry et al. 2018, eq. 2.1);
    - trades: cross-entropy of the clean ones and beta times the divergence of the perturbed from the clean
      prediction (Zhang et al. 2019, eq. 5).

    An auxiliary head adds the cross-entropy of its logits, by the recipe's weight (Liu et al. 2019,
    section 3.3).
    """
    entropy = partial(cross_entropy, target=labels, label_smoothing=recipe.label_smoothing)
    if perturbed is None:
        logits, auxiliary = _logits(model, images, recipe)
        return Step(_with(entropy(logits), auxiliary, entropy, recipe), _correct(logits, labels), None)
    if recipe.method == "trades":
        clean, auxiliary = _logits(model, images, recipe)
        adversarial = model(perturbed)
        divergence = kl_div(log_softmax(adversarial, dim=1), softmax(clean, dim=1), reduction="batchmean")
        loss = _with(entropy(clean) + recipe.beta * divergence, auxiliary, entropy, recipe)
        return Step(loss, _correct(clean, labels), _correct(adversarial, labels))
    logits, auxiliary = _logits(model, perturbed, recipe)
    return Step(_with(entropy(logits), auxiliary, entropy, recipe), None, _correct(logits, labels))


@contextmanager
def weights_perturbed(
    model: Normalised, images: Tensor, perturbed: Tensor | None, labels: Tensor, recipe: Recipe
) -> Iterator[None]:
    """Weights moved along the gradient of the loss within this scope, then put back (AWP, Wu et al. 2020).

    The step in a layer is `awp` times as long as its weights; vectors (biases, norms) stay.
    """
    if not recipe.awp:
        yield
        return
    weights = [
        parameter for parameter in model.parameters() if parameter.ndim > 1 and parameter.requires_grad
    ]
    with batch_statistics(model):
        loss = step_loss(model, images, perturbed, labels, recipe).loss
    gradients = torch.autograd.grad(loss, weights, allow_unused=True)
    before = [weight.detach().clone() for weight in weights]
    try:
        with torch.no_grad():
            for weight, gradient in zip(weights, gradients, strict=True):
                if gradient is not None:
                    length = gradient.norm().clamp_min(torch.finfo(gradient.dtype).tiny)
                    weight.add_(gradient * (recipe.awp * weight.norm() / length))
        yield
    finally:
        with torch.no_grad():
            for weight, old in zip(weights, before, strict=True):
                weight.copy_(old)


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
    return correct_of(logits, labels).sum()
