"""One step of SGD, with the learning rate and drop-path that belong to it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.optim import SGD
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from croze.errors import CrozeError
from croze.nn.normalised import Normalised
from croze.nn.seeding import seeded
from croze.training.images import Batches
from croze.training.loss import perturbed_images, step_loss, weights_perturbed
from croze.training.recipe import Recipe
from croze.training.state import Place


def learning_rate(recipe: Recipe, step: int, total: int, warmup: int = 0) -> float:
    """A linear rise over `warmup` steps, then the recipe's schedule up to `total`.

    Args:
        step: 0 to total - 1.
    """
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

    `average` is that of the weights, see `average_of`; None for none.
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
    norm = _clipped(model, recipe.clip)
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


def _clipped(model: nn.Module, most: float) -> float:
    """The norm of the gradient before it is brought down to `most`; 0 leaves it as it is."""
    return float(nn.utils.clip_grad_norm_(model.parameters(), most if most > 0 else math.inf))


def _mixed(seed: int, step: int) -> int:
    """Another number for every seed and step."""
    return (seed * 1_000_003 + step) % 2**63
