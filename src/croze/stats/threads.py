"""Small matrix products on one thread: several threads that wait for each other cost more than they save."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """NumPy's matrix products on one thread while this lasts; as before afterwards.

    A bootstrap multiplies thousands of small matrices. Where other processes use the cores too, the threads
    of such a product find no core free and the whole takes hundreds of times as long.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield
