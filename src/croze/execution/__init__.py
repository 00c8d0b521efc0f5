"""Where scores are computed: serially or in worker processes, behind one interface."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

from croze.errors import CrozeError
from croze.execution.base import Executor
from croze.execution.processes import Processes
from croze.execution.serial import Serial

Item = TypeVar("Item")
Result = TypeVar("Result")

__all__ = ["Executor", "Processes", "Serial", "make_executor", "usable_cores"]


def usable_cores() -> int:
    """Number of processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def make_executor(function: Callable[[Item], Result], workers: int) -> Executor[Item, Result]:
    """Serial for one worker, processes for more; 0 stands for one a core.

    Raises:
        CrozeError: for a negative number.
    """
    if workers < 0:
        raise CrozeError(f"The number of workers must be 0 (one a core) or more, got {workers}.")
    count = workers or usable_cores()
    return Serial(function) if count == 1 else Processes(function, count)
