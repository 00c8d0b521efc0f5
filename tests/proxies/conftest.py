from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional

from croze.data import load_batch
from croze.nn.initialise import initialise
from croze.testing.networks import NETWORKS
from croze.types import Batch


@pytest.fixture(scope="session")
def digits16() -> Batch:
    """Sixteen images, of which some share a class."""
    return load_batch("digits", size=16, seed=0)


@pytest.fixture(scope="session")
def digits8(digits16) -> Batch:
    """The first eight of them, of which two pairs share a class."""
    return replace(digits16, images=digits16.images[:8], labels=digits16.labels[:8])


@pytest.fixture(scope="session")
def double8(digits8) -> Batch:
    return digits8.to(torch.float64)


@pytest.fixture(scope="session")
def double16(digits16) -> Batch:
    return digits16.to(torch.float64)


@pytest.fixture(scope="session")
def build():
    """A network of `NETWORKS` by name, in float64."""

    def make(name: str, seed: int = 0) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return NETWORKS[name]().double()

    return make


@pytest.fixture(scope="session")
def initialised(planned):
    """Fills the layers of a model anew, in place, as proxies that draw weights do."""

    def run(model: nn.Module, how: str, seed: int, shape: tuple[int, ...] = (3, 32, 32)) -> nn.Module:
        x = torch.randn(2, *shape, dtype=next(model.parameters()).dtype)
        initialise(*planned(model, x), how, seed)
        return model

    return run


@pytest.fixture(scope="session")
def image_by_image():
    """A copy whose BatchNorm layers normalise by the statistics of these images, now constants."""

    def freeze(model: nn.Module, x: torch.Tensor) -> nn.Module:
        frozen = copy.deepcopy(model).train()

        def note(norm: nn.BatchNorm2d, inputs: tuple[torch.Tensor, ...]) -> None:
            channels = inputs[0].transpose(0, 1).flatten(1)
            statistics[norm] = channels.mean(dim=1), channels.var(dim=1, correction=0)

        statistics: dict[nn.BatchNorm2d, tuple[torch.Tensor, torch.Tensor]] = {}
        norms = [m for m in frozen.modules() if isinstance(m, nn.BatchNorm2d)]
        handles = [norm.register_forward_pre_hook(note) for norm in norms]
        with torch.no_grad():
            frozen(x.clone())
        for handle in handles:
            handle.remove()
        for norm, (mean, var) in statistics.items():
            norm.running_mean, norm.running_var = mean, var
            norm.eval()
        return frozen

    return freeze


@pytest.fixture(scope="session")
def backward():
    """From model, inputs and labels to weight and loss gradient of every layer, by `.backward()`."""

    def run(model, x, labels, train=True):
        if train:
            model.train()
        model.zero_grad()
        functional.cross_entropy(model(x.clone()), labels).backward()
        layers = {n: m for n, m in model.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)}
        return {n: (m.weight.detach().numpy(), m.weight.grad.numpy().copy()) for n, m in layers.items()}

    return run
