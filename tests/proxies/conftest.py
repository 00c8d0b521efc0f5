from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional

from croze.data import load_batch
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
def backward():
    """From model, inputs and labels to weight and loss gradient of every layer, by `.backward()`."""

    def run(model, x, labels):
        model.train()
        model.zero_grad()
        functional.cross_entropy(model(x.clone()), labels).backward()
        layers = {n: m for n, m in model.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)}
        return {n: (m.weight.detach().numpy(), m.weight.grad.numpy().copy()) for n, m in layers.items()}

    return run
