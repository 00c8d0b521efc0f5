"""BatchNorm by the statistics of the batch, without a trace in the running ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from croze.nn.scratch import evaluating


@contextmanager
def batch_statistics(model: nn.Module) -> Iterator[None]:
    """BatchNorm layers that were training normalise by the batch in this scope, and take no note of it.

    Everything else (dropout, drop-path) is in evaluation mode; every mode is restored.
    """
    layers = [m for m in model.modules() if isinstance(m, _BatchNorm) and m.training]
    tracked = [layer.track_running_stats for layer in layers]
    with evaluating(model):
        try:
            for layer in layers:
                layer.training, layer.track_running_stats = True, False
            yield
        finally:
            for layer, tracks in zip(layers, tracked, strict=True):
                layer.track_running_stats = tracks
