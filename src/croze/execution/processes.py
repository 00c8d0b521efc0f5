"""Worker processes on this machine, one torch thread each."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import Any, Generic, TypeVar

import torch

from croze.errors import CrozeError

Item = TypeVar("Item")
Result = TypeVar("Result")


class Processes(Generic[Item, Result]):
    """A pool of fresh interpreters; the function travels to each of them once.

    Args:
        function: must be picklable, as items and results must.
        workers: number of processes; they start with the first `run`.
    """

    def __init__(self, function: Callable[[Item], Result], workers: int) -> None:
        self._pool = ProcessPoolExecutor(
            workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_prepare_worker,
            initargs=(function,),
        )

    def run(self, items: Sequence[Item]) -> Iterator[tuple[Item, Result]]:
        """Each item with its result, as they are done.

        Raises:
            CrozeError: when a worker dies; results already handed out are good.
        """
        try:
            futures = {self._pool.submit(_call, item): item for item in items}
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool as problem:
            raise CrozeError(
                "A worker process died (out of memory, or killed); run the same command to go on, "
                "with fewer workers if memory is short."
            ) from problem

    def close(self) -> None:
        """End the workers; what is not started is dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)


_function: Callable[[Any], Any] | None = None


def _prepare_worker(function: Callable[[Any], Any]) -> None:
    global _function
    _function = function
    torch.set_num_threads(1)
    # the parent answers Ctrl-C for all of them
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # a parent that was killed closes nothing, and its workers would wait for work for ever
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _call(item: Any) -> Any:
    assert _function is not None
    return _function(item)
