"""Turns whatever a decoder raises on bad bytes into the one error of this package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from croze.errors import CrozeError


@contextmanager
def guarded(sentence: str) -> Iterator[None]:
    """Run a block of third-party decoding; any exception in it becomes a CrozeError.

    Args:
        sentence: what went wrong and what to do, without the final full stop. The kind of the
            original error and its first sentence are added in brackets.

    Raises:
        CrozeError: for every exception of the block; a CrozeError passes through unchanged.
    """
    try:
        yield
    except CrozeError:
        raise
    # Damaged pickles, images and archives raise nearly every built-in exception there is.
    except Exception as error:
        lines = str(error).strip().splitlines()
        detail = f": {lines[0].split('. ')[0].rstrip('.')}" if lines else ""
        raise CrozeError(f"{sentence} ({type(error).__name__}{detail}).") from error
