"""Where scores are computed: here, in worker processes, or on a Ray cluster, behind one interface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from croze.errors import CrozeError
from croze.scoring.cores import usable_cores
from croze.scoring.execution.base import Executor
from croze.scoring.execution.processes import Processes
from croze.scoring.execution.ray_executor import RayExecutor
from croze.scoring.execution.serial import Serial

Item = TypeVar("Item")
Result = TypeVar("Result")

__all__ = ["Executor", "Processes", "RayExecutor", "Serial", "make_executor", "usable_cores"]


def make_executor(
    function: Callable[[Item], Result],
    workers: int,
    *,
    ray: str | None = None,
    devices: Sequence[str] = (),
    lost: Callable[[Item], Result] | None = None,
) -> Executor[Item, Result]:
    """Serial for one worker, processes for more, Ray where an address of it is given.

    Args:
        function: what is applied to every item.
        workers: 0 stands for one a device, or without devices for one a core.
        ray: `local`, or the address of a cluster. There `workers` is the most at once, and with devices it
            says how many share one: 4 for two devices is two each, on every machine.
        devices: where workers compute, taken in turn.
        lost: makes the result of an item that no worker survives. Serially nothing is lost: what would end a
            worker ends this process.

    Raises:
        CrozeError: for a negative number, and as the executors do.
    """
    if workers < 0:
        raise CrozeError(f"The number of workers must be 0 (one a core) or more, got {workers}.")
    if ray is not None:
        if devices:
            each = max(1, -(-workers // len(devices)))
            return RayExecutor(function, ray, devices, lost, workers_per_device=each)
        return RayExecutor(function, ray, (), lost, workers=workers)
    count = workers or len(devices) or usable_cores()
    return Serial(function, devices) if count == 1 else Processes(function, count, devices, lost)
