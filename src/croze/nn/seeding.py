"""Randomness and threads within a scope: what happens inside leaves no trace outside."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import numpy as np
import torch


@contextmanager
def seeded(seed: int, devices: tuple[torch.device, ...] = ()) -> Iterator[None]:
    """Run with the global generators of torch, `random` and NumPy at `seed`; restore them after.

    Args:
        seed: 0 to 2**63 - 1.
        devices: accelerators whose generators are treated likewise, besides the CPU's.
    """
    cuda = {
        d.index if d.index is not None else torch.cuda.current_device() for d in devices if d.type == "cuda"
    }
    of_random, of_numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=sorted(cuda)):
            random.seed(seed)
            np.random.seed(seed % 2**32)
            torch.default_generator.manual_seed(seed)
            for index in cuda:
                with torch.cuda.device(index):
                    torch.cuda.manual_seed(seed)
            yield
    finally:
        random.setstate(of_random)
        np.random.set_state(of_numpy)


@contextmanager
def exact_convolutions() -> Iterator[None]:
    """On CUDA devices: convolutions that repeat to the bit, in full float32 rather than TF32."""
    if not torch.cuda.is_available():
        yield
        return
    cudnn = torch.backends.cudnn
    with cudnn.flags(enabled=cudnn.enabled, benchmark=False, deterministic=True, allow_tf32=False):
        yield


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """So many torch threads for as long as the context lasts; 0 for as many as there are now."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def single_thread() -> AbstractContextManager[None]:
    """One torch thread: the setting in which scores repeat to the bit, whoever runs them."""
    return torch_threads(1)
