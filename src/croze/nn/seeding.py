"""Randomness and threads within a scope: what happens inside leaves no trace outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded(seed: int, devices: tuple[torch.device, ...] = ()) -> Iterator[None]:
    """Run with torch's global generators at `seed` (CPU, and the given accelerators); restore them after."""
    indices = [
        d.index if d.index is not None else torch.cuda.current_device() for d in devices if d.type == "cuda"
    ]
    with torch.random.fork_rng(devices=indices):
        torch.default_generator.manual_seed(seed)
        for index in indices:
            with torch.cuda.device(index):
                torch.cuda.manual_seed(seed)
        yield


@contextmanager
def single_thread() -> Iterator[None]:
    """One torch thread: the setting in which scores repeat to the bit, whoever runs them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
