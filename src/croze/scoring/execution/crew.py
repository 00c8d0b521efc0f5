"""The parent's side of worker processes: a thread that keeps them staffed, busy, and accounted for."""

from __future__ import annotations

import multiprocessing
import pickle
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from typing import Any

from croze.errors import CrozeError
from croze.scoring.execution.reply import opened
from croze.scoring.execution.worker import HELLO, work
from croze.scoring.starting import keep_interrupts_from_children, start_method

DEATHS = 2
"""Workers that may die with an item before it is given up."""

STARTS = 3
"""Workers in a row that may die before they are ready; no more are started then."""


@dataclass(eq=False)
class Task:
    """An item on its way."""

    item: Any
    deaths: int = 0


@dataclass(eq=False)
class Worker:
    """A process, its line, and what it is doing."""

    process: BaseProcess
    line: Connection
    place: int
    ready: bool = False
    task: Task | None = None


class Crew:
    """Worker processes and the thread that serves them, so that they work while the caller is busy.

    Each worker has a line of its own and one item at a time, so that it is known with what a worker died. The
    item is tried again alone, when the others have finished: a machine that is short of memory has all of it
    for this one, and a second death is the item's own doing.

    Args:
        function: what workers call, pickled.
        size: number of workers; they start as there is work for them.
        devices: where workers compute, in turn; empty for where the function is.

    Attributes:
        done: what became of each task: the worker's reply; None when no worker survives it; an exception when
            it cannot be sent. An exception without a task ends the crew.
    """

    def __init__(self, function: bytes, size: int, devices: Sequence[str]) -> None:
        self.done: SimpleQueue[tuple[Task | None, bytes | Exception | None]] = SimpleQueue()
        self._function, self._size, self._devices = function, size, tuple(devices)
        self._waiting: deque[Task] = deque()
        self._suspects: deque[Task] = deque()
        self._crew: dict[Connection, Worker] = {}
        self._failed_starts = 0
        self._exit_code: int | None = None
        self._ending = False
        self._rung = False
        self._bell, self._ringer = multiprocessing.Pipe(duplex=False)
        self._thread = threading.Thread(target=self._run, name="croze workers", daemon=True)
        self._thread.start()

    def add(self, task: Task) -> None:
        """Put a task in the queue."""
        self._waiting.append(task)
        self._ring()

    def end(self) -> None:
        """Drop what is not done and end the workers, whatever they are doing."""
        self._ending = True
        self._ring()
        self._thread.join()
        self._bell.close()
        self._ringer.close()

    def _ring(self) -> None:
        if not self._rung:
            self._rung = True
            self._ringer.send_bytes(b".")

    def _run(self) -> None:
        keep_interrupts_from_children()
        try:
            while not self._ending:
                self._staff()
                self._hand_out()
                news = wait([self._bell, *self._crew])
                if not threading.main_thread().is_alive():
                    return  # multiprocessing ends the workers of a program that is over
                for heard in news:
                    if heard is self._bell:
                        self._bell.recv_bytes()
                        self._rung = False
                    else:
                        assert isinstance(heard, Connection)
                        self._hear(self._crew[heard])
        except Exception as problem:
            self.done.put((None, problem))
        self._dismiss()

    def _staff(self) -> None:
        """Start the workers that are missing, as far as there is work for them."""
        busy = sum(worker.task is not None for worker in self._crew.values())
        wanted = min(self._size, busy + len(self._waiting) + len(self._suspects))
        while len(self._crew) < wanted and self._failed_starts < STARTS:
            self._start()
        if wanted and not self._crew:
            raise CrozeError(
                f"{self._failed_starts} worker processes in a row ended before they took up work (the last "
                f"with exit code {self._exit_code}): see above what they wrote, free memory if it is short, "
                'and have a script of your own start under `if __name__ == "__main__":`.'
            )

    def _start(self) -> None:
        place = min(set(range(self._size)) - {worker.place for worker in self._crew.values()})
        device = self._devices[place % len(self._devices)] if self._devices else None
        ours, theirs = multiprocessing.Pipe()
        process = start_method().Process(
            target=work, args=(theirs, device), name=f"croze worker {place}", daemon=True
        )
        try:
            process.start()
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()  # so that the line ends with the worker
        self._crew[ours] = Worker(process, ours, place)

    def _hand_out(self) -> None:
        """Give every idle worker a task; one that a worker died with only when nobody else works."""
        busy = [worker.task for worker in self._crew.values() if worker.task]
        if any(task.deaths for task in busy) or (self._suspects and busy):
            return
        idle = [worker for worker in self._crew.values() if worker.ready and not worker.task]
        queue, takers = (self._suspects, idle[-1:]) if self._suspects else (self._waiting, idle)
        for worker in takers:
            while queue and worker.task is None:
                task = queue.popleft()
                try:
                    message = pickle.dumps(task.item, protocol=pickle.HIGHEST_PROTOCOL)
                except Exception as problem:
                    self.done.put((task, problem))
                    continue
                worker.task = task
                _send(worker.line, message)

    def _hear(self, worker: Worker) -> None:
        try:
            message = worker.line.recv_bytes()
        except (EOFError, OSError):
            self._bury(worker)
            return
        if message == HELLO:
            _send(worker.line, self._function)
        elif worker.task is None:
            opened(message)
            worker.ready, self._failed_starts = True, 0
        else:
            self.done.put((worker.task, message))
            worker.task = None

    def _bury(self, worker: Worker) -> None:
        """See a dead worker off, and settle what is to become of its task."""
        del self._crew[worker.line]
        self._exit_code = _end(worker)
        task = worker.task
        if task is None:
            self._failed_starts += not worker.ready
            return
        self._failed_starts = 0
        task.deaths += 1
        if task.deaths < DEATHS:
            self._suspects.append(task)
        else:
            self.done.put((task, None))

    def _dismiss(self) -> None:
        for worker in self._crew.values():
            worker.process.terminate()
        for worker in self._crew.values():
            _end(worker)
        self._crew.clear()


def _send(line: Connection, message: bytes) -> None:
    # a worker that is dead by now is noticed by the end of its line
    with suppress(OSError):
        line.send_bytes(message)


def _end(worker: Worker) -> int | None:
    """Close the line, wait until the process is gone, and say how it ended."""
    worker.line.close()
    worker.process.join(5)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()
    code = worker.process.exitcode
    worker.process.close()
    return code
