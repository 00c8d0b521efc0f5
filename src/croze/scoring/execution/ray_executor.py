"""Tasks on a Ray cluster: many machines, or this one."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from croze.errors import CrozeError
from croze.scoring.cores import usable_cores
from croze.scoring.execution.base import to_send
from croze.scoring.execution.ray_connection import RayConnection
from croze.scoring.execution.ray_task import call
from croze.scoring.execution.reply import opened
from croze.user_code import reason, user_modules

Item = TypeVar("Item")
Result = TypeVar("Result")

DEATHS = 2
"""Workers that may die with an item before it is given up."""

MISFORTUNES = 8
"""How often an item may be lost through no fault of its own: with its machine, or because Ray made room."""

AHEAD = 2
"""Items in Ray's hands for each that it can compute at once."""

LOOK = 1.0
"""Seconds after which the size of the cluster is looked up anew."""


@dataclass(eq=False)
class _Task:
    """An item on its way."""

    item: Any
    deaths: int = 0
    misfortunes: int = 0


class RayExecutor(Generic[Item, Result]):
    """One task an item, one core and one torch thread each; the function goes to every worker once.

    Workers and machines may die: what they had is computed elsewhere, and handed out once. The modules of a
    user (`croze.user_code`) travel with the function; croze itself must be installed on every machine, in one
    version.

    Args:
        function: must be picklable, as items and results must.
        address: `local` starts Ray here; HOST:PORT of its head, or `auto`, joins a cluster. A connection that
            this process has already is used, and left open.
        devices: their type (`cuda`) is where the function is placed, by its method `on(device)`: every task
            asks for a GPU or its share of one; Ray says which. Empty: where the function is.
        lost: makes the result of an item with which two workers died, or which eight times went down with its
            machine; without it that is an error.
        workers: most items that are computed at once, and the cores of a Ray that is started here; 0 for as
            many as there are.
        workers_per_device: tasks that share a device.

    Raises:
        CrozeError: when Ray is not installed or does not answer, no machine has a GPU although devices are
            given, or the function cannot be sent.
    """

    def __init__(
        self,
        function: Callable[[Item], Result],
        address: str,
        devices: Sequence[str] = (),
        lost: Callable[[Item], Result] | None = None,
        *,
        workers: int = 0,
        workers_per_device: int = 1,
    ) -> None:
        if workers < 0 or workers_per_device < 1:
            raise CrozeError(
                f"Ray takes 0 workers (as many as fit) or more, and at least 1 a device, got {workers} "
                f"and {workers_per_device}."
            )
        sent = to_send(function, devices)
        kind = devices[0].partition(":")[0] if devices else None
        self._share = 1 / workers_per_device if kind not in (None, "cpu") else 0
        self._workers, self._lost = workers, lost
        self._queue: deque[_Task] = deque()
        self._flying: dict[Any, _Task] = {}
        self._connection = RayConnection(address, workers or usable_cores())
        self._ray = self._connection.ray
        self._room, self._looked = 0, -math.inf
        try:
            self._check_devices(kind)
            held = [_put(self._ray, sent)]
        except BaseException:
            self._connection.close()
            raise
        # Ray's own retries do not tell a machine's death from a worker's, and unasked it ends a worker with a
        # GPU after every task
        remote = self._ray.remote(num_cpus=1, num_gpus=self._share, max_retries=0, max_calls=0)(call)
        self._send: Callable[[Item], Any] = lambda item: remote.remote(held, kind, item)

    def submit(self, item: Item) -> None:
        self._queue.append(_Task(item))
        self._hand_out()

    def results(self) -> Iterator[tuple[Item, Result]]:
        """See `Executor.results`; a CrozeError for an item that is given up without `lost`, or when Ray
        cannot go on.
        """
        ray = self._ray
        while self._queue or self._flying:
            self._hand_out()
            ready, _ = ray.wait(list(self._flying), num_returns=1, timeout=LOOK)
            for done in ready:
                task = self._flying.pop(done)
                reply = self._fetch(done, task)
                self._hand_out()
                if reply is not None:
                    yield task.item, opened(reply)
                elif task.deaths >= DEATHS or task.misfortunes >= MISFORTUNES:
                    yield task.item, self._given_up(task)

    def close(self) -> None:
        """Drop what is not done; end Ray, or leave the cluster, if it was this executor that went there."""
        self._queue.clear()
        flying, self._flying = self._flying, {}
        if self._ray.is_initialized():
            for reference in flying:
                self._ray.cancel(reference, force=True)
        self._connection.close()

    def _hand_out(self) -> None:
        """Give Ray as much as keeps it busy, and keep the rest."""
        if not self._queue:
            return
        now = time.monotonic()
        if now - self._looked > LOOK:
            self._room, self._looked = self._capacity(), now
        while self._queue and len(self._flying) < self._room:
            task = self._queue.popleft()
            self._flying[self._send(task.item)] = task

    def _capacity(self) -> int:
        """How many items Ray is to have; machines may have come or gone. At least one, for some may come."""
        if self._workers:
            return self._workers
        has = self._ray.cluster_resources()
        at_once = has.get("CPU", 0)
        if self._share:
            at_once = min(at_once, has.get("GPU", 0) / self._share)
        return max(AHEAD * int(at_once), 1)

    def _fetch(self, done: Any, task: _Task) -> bytes | None:
        """The reply; None for a lost task, which is in the queue again unless that was once too often."""
        errors = self._ray.exceptions
        try:
            reply: bytes = self._ray.get(done)
            return reply
        except errors.WorkerCrashedError:
            task.deaths += 1
        except (
            errors.NodeDiedError,
            errors.LocalRayletDiedError,
            errors.OutOfMemoryError,
            errors.ObjectLostError,
        ):
            task.misfortunes += 1
        except errors.RayError as problem:
            self.close()
            raise CrozeError(f"Ray could not compute an item: {reason(problem)}.") from problem
        if task.deaths < DEATHS and task.misfortunes < MISFORTUNES:
            self._queue.appendleft(task)
        return None

    def _given_up(self, task: _Task) -> Result:
        if self._lost is not None:
            return self._lost(task.item)
        raise CrozeError(
            f"{task.deaths} workers died with the same item, and {task.misfortunes} machines; "
            "run the same command to go on, with less at once if memory is short."
        )

    def _check_devices(self, kind: str | None) -> None:
        if self._share and not self._ray.cluster_resources().get("GPU", 0):
            raise CrozeError(
                f"No machine of the Ray cluster has a GPU for {kind}: add one, or name no devices."
            )


def _put(ray: Any, function: object) -> Any:
    """A reference to the function in the object store, with the code of a user's own files inside it."""
    modules = user_modules()
    for module in modules:
        ray.cloudpickle.register_pickle_by_value(module)
    try:
        return ray.put(function)
    except Exception as problem:
        raise CrozeError(
            f"{type(function).__name__} cannot be sent to Ray ({reason(problem)}): use worker processes."
        ) from problem
    finally:
        for module in modules:
            ray.cloudpickle.unregister_pickle_by_value(module)
