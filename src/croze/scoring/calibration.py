"""How many candidates a second this machine scores, measured for a few seconds."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from croze.errors import CrozeError
from croze.proxies import Proxy
from croze.scoring.evaluator import Evaluator
from croze.scoring.execution import make_executor, usable_cores


@dataclass(frozen=True)
class Rate:
    """Attributes:
    candidates: how many were scored while the clock ran.
    seconds: how long it ran.
    workers: how many scored at the same time.
    """

    candidates: int
    seconds: float
    workers: int

    @property
    def per_second(self) -> float:
        """Candidates a second, all workers together."""
        return self.candidates / self.seconds


def calibrate(
    evaluator: Evaluator,
    proxy: Proxy,
    seconds: float,
    workers: int = 0,
    devices: Sequence[str] = (),
    *,
    at_least: int = 0,
) -> Rate:
    """Score random architectures until the time is over; starting the workers does not count.

    Args:
        evaluator: names the space and the batch.
        proxy: what is computed of each.
        seconds: how long at least.
        workers: 0 for one a device, or without devices for one a core.
        devices: as in `make_executor`.
        at_least: how many candidates there have to be before the time may end; one a worker in any case.

    Raises:
        CrozeError: when candidates fail, with the reason of one.
    """
    space: Any = evaluator.space
    rng = random.Random(evaluator.seed)
    count = workers or len(devices) or usable_cores()
    executor = make_executor(evaluator, count, devices=devices, lost=evaluator.lost)

    def submit() -> None:
        executor.submit((str(space.sample(rng)), (proxy,)))

    try:
        for _ in range(2 * count):  # one at work and one in line for each
            submit()
        begun = ended = 0.0
        done = -count  # the first of each warms its worker up
        enough = max(count, at_least)
        while done < enough or ended - begun < seconds:
            for _, scores in executor.results():
                if not scores[0].ok:
                    raise CrozeError(f"A candidate of {space.name} could not be scored: {scores[0].reason}.")
                done += 1
                ended = time.perf_counter()
                if done == 0:
                    begun = ended
                if done >= enough and ended - begun >= seconds:
                    break
                submit()
        return Rate(done, ended - begun, count)
    finally:
        executor.close()
