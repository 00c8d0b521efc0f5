"""One step of SGD, with the learning rate and drop-path that belong to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, kl_div, log_softmax, softmax
from torch.optim import SGD
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from croze.errors import CrozeError
from croze.nn.batch_statistics import batch_statistics
from croze.nn.forward import correct_of, logits_of
from croze.nn.normalised import Normalised
from croze.nn.scratch import evaluating
from croze.nn.seeding import seeded
from croze.perturb.base import Ball, draw
from croze.perturb.inputs import PGD
from croze.training.images import Batches
from croze.training.recipe import Recipe
from croze.training.state import Place

# Zhang et al. (2019) start from noise of this deviation, for their loss has no gradient at the images
TRADES_START = 0.001


def perturbed_images(
    model: nn.Module, images: Tensor, labels: Tensor, recipe: Recipe, generator: torch.Generator
) -> Tensor | None:
    """The images that the recipe trains on beside or instead of the clean ones; None of the standard recipe.

    The model is not changed. PGD and FGSM see it as it trains (statistics of the batch), TRADES as it
    evaluates, as in their papers' code; drop-path and dropout are off for either.

    Args:
        model: takes pixels.
        images: `(N, C, H, W)` in [0, 1].
        generator: on the CPU, of the random start.
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
    """Loss of one batch with its graph, and how many clean and perturbed images it had right, if any."""

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


def _logits(model: Normalised, images: Tensor, recipe: Recipe) -> tuple[Tensor, Tensor | None]:
    """The logits, and those of an auxiliary head in the way of the DARTS networks here."""
    network = model.network
    there = getattr(network, "auxiliary_head", None) is not None and hasattr(network, "with_auxiliary")
    if recipe.auxiliary > 0 and there:
        logits, auxiliary = model.network.with_auxiliary(model.normalise(images))  # type: ignore[operator]
        return logits_of(logits), auxiliary
    return model(images), None


def _with(loss: Tensor, auxiliary: Tensor | None, entropy: partial[Tensor], recipe: Recipe) -> Tensor:
    return loss if auxiliary is None else loss + recipe.auxiliary * entropy(auxiliary)


def _correct(logits: Tensor, labels: Tensor) -> Tensor:
    return correct_of(logits, labels).sum()


def learning_rate(recipe: Recipe, step: int, total: int, warmup: int = 0) -> float:
    """A linear rise over `warmup` steps, then the recipe's schedule up to `total`."""
    base = recipe.lr
    if step < warmup:
        return base * (step + 1) / warmup
    if recipe.schedule == "multistep":
        return base * recipe.decay ** sum(step >= share * total for share in recipe.milestones)
    return base * 0.5 * (1.0 + math.cos(math.pi * (step - warmup) / (total - warmup)))


def drop_path(last: float, step: int, total: int) -> float:
    """A linear rise from 0 to `last`, as in Liu et al. (2019), section 3.3."""
    return last * step / total


class Diverged(CrozeError):
    """The loss or the weights are no longer finite."""


@dataclass(frozen=True)
class Session:
    """A training under way: the model, what a step does to it with what, and the step that comes next.

    `average` is that of the weights, see `average_of`.
    """

    model: Normalised
    optimiser: SGD
    recipe: Recipe
    batches: Batches
    place: Place
    seed: int
    mixed_precision: bool = False
    average: AveragedModel | None = None

    @property
    def total(self) -> int:
        """All steps of the training."""
        return self.recipe.epochs * self.batches.steps


def optimiser_of(model: nn.Module, recipe: Recipe) -> SGD:
    """SGD over the parameters of the model, with the recipe's settings."""
    return SGD(
        model.parameters(),
        lr=recipe.lr,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        weight_decay=recipe.weight_decay,
    )


def average_of(model: nn.Module, recipe: Recipe) -> AveragedModel | None:
    """The exponential moving average of weights and buffers that the recipe keeps; None for none."""
    if not recipe.ema:
        return None
    averaging = get_ema_multi_avg_fn(recipe.ema)  # type: ignore[no-untyped-call]
    return AveragedModel(model, multi_avg_fn=averaging, use_buffers=True)


def step(session: Session) -> float:
    """One step of SGD on the model in its mode; the loss. The place counts on, up to the end of the epoch.

    Raises:
        Diverged: when loss or gradient are not finite; the weights are those before the step.
    """
    model, recipe, place = session.model, session.recipe, session.place
    device = model.mean.device
    done = place.epoch * session.batches.steps + place.step
    rate = learning_rate(recipe, done, session.total, recipe.warmup * session.batches.steps)
    for group in session.optimiser.param_groups:
        group["lr"] = rate
    if recipe.drop_path and isinstance(getattr(model.network, "drop_path", None), float):
        model.network.drop_path = drop_path(recipe.drop_path, done, session.total)  # type: ignore[assignment]
    images, labels = session.batches(place.epoch, place.step)
    images = images.to(device).contiguous(memory_format=torch.channels_last)
    labels = labels.to(device)
    generator = torch.Generator().manual_seed(_mixed(session.seed, done))
    # dropout and drop-path draw from the global generators
    with seeded(_mixed(session.seed, done), (device,)):
        mixed = torch.autocast(device.type, torch.bfloat16, enabled=session.mixed_precision)
        with mixed:
            perturbed = perturbed_images(model, images, labels, recipe, generator)
        with weights_perturbed(model, images, perturbed, labels, recipe):
            with mixed:
                found = step_loss(model, images, perturbed, labels, recipe)
            session.optimiser.zero_grad(set_to_none=True)
            found.loss.backward()  # type: ignore[no-untyped-call]
    loss = float(found.loss.detach())
    # the norm before it is brought down to recipe.clip; 0 leaves it as it is
    norm = float(nn.utils.clip_grad_norm_(model.parameters(), recipe.clip or math.inf))
    if not (math.isfinite(loss) and math.isfinite(norm)):
        raise Diverged(
            f"Training diverged in epoch {place.epoch + 1}, step {place.step + 1}: the loss is {loss:g}, the "
            f"norm of the gradient {norm:g}. Train anew in another folder with a smaller lr than "
            f"{recipe.lr:g} or with warmup=1."
        )
    session.optimiser.step()
    if session.average is not None:
        session.average.update_parameters(model)
    sums = place.sums
    for key, value in (
        ("loss", loss * len(labels)),
        ("images", len(labels)),
        ("clean", found.clean),
        ("adversarial", found.adversarial),
    ):
        if value is not None:
            sums[key] = sums.get(key, 0.0) + float(value)
    place.step += 1
    return loss


def _mixed(seed: int, step: int) -> int:
    """Another number for every seed and step."""
    return (seed * 1_000_003 + step) % 2**63
