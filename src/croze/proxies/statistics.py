"""Images by themselves in training mode: statistics over the batch held fixed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from croze.nn.watch import Watch
from croze.proxies.passes import Passes


def single_images(passes: Passes, network: nn.Module) -> Iterator[Watch]:
    """For each image a watch that has it normalised by the statistics of the whole batch.

    Raises:
        Undefined: when there are such statistics and the batch may not run at once.
    """
    memory: dict[int, Any] = {}
    mixes = passes.plan(network).mixes
    if mixes:
        passes.chunks(network)
        whole = passes.watch(network, passes.inputs)
        whole.with_statistics(memory, fill=True)
        with torch.no_grad():
            passes.logits(network, passes.inputs, watch=whole)
    for n in range(len(passes.labels)):
        watch = passes.watch(network, passes.inputs[n : n + 1])
        if mixes:
            watch.with_statistics(memory, fill=False)
        yield watch
