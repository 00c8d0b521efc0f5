"""What a worker process does: takes up the function once, then answers one item after the other."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
from contextlib import redirect_stdout, suppress
from multiprocessing.connection import Connection, wait

import torch

from croze.scoring.execution.base import placed
from croze.scoring.execution.reply import answer, packed, portable

HELLO = b""
"""Sent as soon as a worker listens; the function is sent then, for a pipe holds little that nobody reads."""


def work(line: Connection, device: str | None) -> None:
    """Serve the other end of the line until it ends this process: the function and then items come in,
    replies go out.
    """
    # the parent answers Ctrl-C for all of them
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    with suppress(EOFError, OSError):  # there is nobody left to answer
        _serve(line, device)


def _serve(line: Connection, device: str | None) -> None:
    line.send_bytes(HELLO)
    message = line.recv_bytes()
    try:
        with redirect_stdout(sys.stderr):  # standard output is for results; a user's file may print
            function = placed(pickle.loads(message), device)
    except Exception as problem:
        line.send_bytes(packed("unfit", portable(problem)))
        return
    line.send_bytes(packed("ready"))
    while True:
        message = line.recv_bytes()
        line.send_bytes(answer(lambda sent: function(pickle.loads(sent)), message))


def _end_with_parent() -> None:
    # a parent that was killed closes nothing, and its workers would wait for work for ever
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
