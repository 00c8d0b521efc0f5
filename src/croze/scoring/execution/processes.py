"""Worker processes on this machine, one torch thread each."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from croze.errors import CrozeError
from croze.scoring.execution.base import to_send
from croze.scoring.execution.crew import Crew, Task
from croze.scoring.execution.reply import opened
from croze.user_code import reason

Item = TypeVar("Item")
Result = TypeVar("Result")


class Processes(Generic[Item, Result]):
    """Processes that share nothing with this one; the function travels to each of them once.

    A worker that dies (killed for want of memory, or by a crash of what it calls) is replaced, and its item
    is tried once more, alone. Nothing else is computed twice.

    Args:
        function: must be picklable, as items and results must.
        workers: number of processes; they start as items are submitted.
        devices: where workers compute, taken in turn, by its method `on(device)`.
        lost: makes the result of an item with which two workers died; without it that is an error.

    Raises:
        CrozeError: when the function cannot be sent to a process.
    """

    def __init__(
        self,
        function: Callable[[Item], Result],
        workers: int,
        devices: Sequence[str] = (),
        lost: Callable[[Item], Result] | None = None,
    ) -> None:
        if workers < 1:
            raise CrozeError(f"There must be at least 1 worker process, got {workers}.")
        self._function = _pickled(to_send(function, devices))
        self._workers, self._devices, self._lost = workers, tuple(devices), lost
        self._crew: Crew | None = None
        self._open = 0

    def submit(self, item: Item) -> None:
        if self._crew is None:
            self._crew = Crew(self._function, self._workers, self._devices)
        self._open += 1
        self._crew.add(Task(item))

    def results(self) -> Iterator[tuple[Item, Result]]:
        """See `Executor.results`; a CrozeError for an item that no worker survives without `lost`, or when no
        worker starts.
        """
        while self._open:
            assert self._crew is not None
            task, outcome = self._crew.done.get()
            if task is None:
                self.close()
                assert isinstance(outcome, Exception)
                raise outcome
            self._open -= 1
            if isinstance(outcome, Exception):
                raise outcome
            if outcome is not None:
                yield task.item, opened(outcome)
            elif self._lost is not None:
                yield task.item, self._lost(task.item)
            else:
                raise CrozeError(
                    "A worker process died, and another with the same item (out of memory, or killed); "
                    "run the same command to go on, with fewer workers if memory is short."
                )

    def close(self) -> None:
        """End the workers; what is not done is dropped."""
        self._open = 0
        if self._crew is not None:
            crew, self._crew = self._crew, None
            crew.end()


def _pickled(function: object) -> bytes:
    try:
        return pickle.dumps(function, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as problem:
        raise CrozeError(
            f"{type(function).__name__} cannot be sent to worker processes ({reason(problem)}): "
            "use one worker."
        ) from problem
