"""The first few steps of a training, for what is looked at right after them."""

from __future__ import annotations

import torch
from torch import nn

from croze.data import Dataset
from croze.errors import CrozeError
from croze.nn.seeding import exact_convolutions
from croze.training.batches import Batches
from croze.training.loop import in_pixels
from croze.training.recipe import Recipe
from croze.training.state import Place
from croze.training.step import Run, optimiser_of, step


def first_steps(
    network: nn.Module,
    training: Dataset,
    recipe: Recipe,
    steps: int,
    *,
    seed: int = 0,
    normalises_input: bool = False,
) -> nn.Module:
    """The network after so many steps of `train` with the same arguments, to the bit.

    Nothing is judged and nothing is written. No step leaves the weights as they are.

    Args:
        network: takes normalised images, or pixels with `normalises_input`; trained in place, where it is.
        training: the images.
        recipe: what a step does; the learning rate falls as over all of its epochs.
        steps: how many, at most as many as the recipe has.
        seed: of order, augmentation, drop-path and random starts.

    Raises:
        CrozeError: for a number of steps that the recipe does not have.
        Diverged: when the loss is not finite.
    """
    model = in_pixels(network, training, normalises_input)
    device = next((parameter.device for parameter in network.parameters()), torch.device("cpu"))
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    run = Run(model, optimiser_of(model, recipe), recipe, Batches(training, recipe, seed), Place(), seed)
    if not 0 <= steps <= run.total:
        raise CrozeError(f"Between 0 and {run.total:,} steps of this training can be taken, got {steps}.")
    model.train()
    with exact_convolutions():
        for _ in range(steps):
            if run.place.step == run.batches.steps:
                run.place.epoch, run.place.step = run.place.epoch + 1, 0
            step(run)
    run.optimiser.zero_grad(set_to_none=True)
    return network
