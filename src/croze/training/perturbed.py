"""Perturbed training images: the inner maximisation of adversarial training."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, kl_div, log_softmax, softmax

from croze.nn.batch_statistics import batch_statistics
from croze.nn.scratch import evaluating
from croze.perturb.base import Ball, draw
from croze.perturb.pgd import PGD
from croze.training.recipe import Recipe

# Zhang et al. (2019) start from noise of this deviation, for their loss has no gradient at the images
TRADES_START = 0.001


def perturbed_images(
    model: nn.Module, images: Tensor, labels: Tensor, recipe: Recipe, generator: torch.Generator
) -> Tensor:
    """The images that the recipe trains on beside or instead of the clean ones; the model is not changed.

    PGD and FGSM see the model as it trains (statistics of the batch), TRADES as it evaluates, as in their
    papers' code; drop-path and dropout are off for either.

    Args:
        model: takes pixels.
        images: `(N, C, H, W)` in [0, 1].
        generator: on the CPU, of the random start.
    """
    ball = Ball(recipe.epsilon, 0.0, 1.0)
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
