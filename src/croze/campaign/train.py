"""Trains a pool: member after member, here or in worker processes, and goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from croze.campaign.work import Work
from croze.pool import MemberResult
from croze.scoring.execution import make_executor

Told = Callable[[int, int, MemberResult], None]
"""Called after every member with how many are done, the member's number and its result."""


def train_pool(
    work: Work,
    architectures: Sequence[str],
    *,
    workers: int = 1,
    devices: Sequence[str] = (),
    told: Told | None = None,
) -> list[int]:
    """Train and evaluate all members; those that are done already are found in the folder.

    Several processes, on machines that share the folder too, may run this at once: none works at a member
    that another one is at.

    Args:
        work: what is done with each.
        architectures: by number.
        workers: processes, one torch thread each; 1 computes here, 0 stands for one a core.
        devices: where workers compute, in turn.
        told: see `Told`.

    Returns:
        Numbers of members that other processes are at.

    Raises:
        CrozeError: as `Work`, and as executors do.
    """
    executor = make_executor(work, workers, devices=devices)
    elsewhere = []
    done = 0
    try:
        for item in enumerate(architectures):
            executor.submit(item)
        for (number, _), result in executor.results():
            if result is None:
                elsewhere.append(number)
                continue
            done += 1
            if told is not None:
                told(done, number, result)
    finally:
        executor.close()
    return elsewhere
