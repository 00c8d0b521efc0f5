"""How worker processes start: forked from one that has imported torch, where the system allows it."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from functools import lru_cache
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import ForkServerContext, SpawnContext

from croze.scoring.cores import usable_cores

PRELOADED = ("croze.scoring.execution.worker", "croze.scoring.evaluator")
"""What every worker needs; importing it starts no thread, so that the process can be forked."""


@lru_cache(maxsize=1)
def start_method() -> ForkServerContext | SpawnContext:
    """Forks of one server process on Linux, fresh interpreters elsewhere.

    Importing torch takes seconds and 200 MB: the server does it once, and a worker starts in some 20 ms. It
    lives as long as this process, and it never computes, so a fork inherits no thread and no device.
    """
    if sys.platform != "linux":  # libraries of other systems do not survive a fork
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    return context


def start_early(workers: int) -> None:
    """Start the server that workers are forked from, so that it imports torch while the caller does.

    Args:
        workers: as many as there will be, 0 for one a core; nothing is started for one.
    """
    if (workers or usable_cores()) > 1 and isinstance(start_method(), ForkServerContext):
        starter = threading.Thread(target=_start_server)
        starter.start()
        starter.join()


def keep_interrupts_from_children() -> None:
    """What this thread starts answers no Ctrl-C, not even before it can say so: it has the thread's mask."""
    if hasattr(signal, "pthread_sigmask"):
        resource_tracker.ensure_running()  # would lift the mask again when it starts with the first worker
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _start_server() -> None:
    keep_interrupts_from_children()
    forkserver.ensure_running()
