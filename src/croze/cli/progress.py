"""Progress for people who wait: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress


class Watch(Protocol):
    """What a function of the library tells how far it is."""

    def __call__(self, what: str, done: int, total: int, remark: str = "") -> None:
        """So much is done of so much of what it is doing."""


QUIET_SECONDS = 10.0
"""Between two lines where there is no terminal."""


class Bar:
    """Counts up to `total` with a remark behind the bar; a context manager."""

    def __init__(self, console: Console, what: str, total: int) -> None:
        self._console, self._what, self._total = console, what, total
        self._last = time.monotonic()
        self._bar: RichProgress | None = None
        if console.is_terminal:
            self._bar = _columns(console)
            self._task = self._bar.add_task(what, total=total, remark="")

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, remark: str = "") -> None:
        """Now so many are done."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, remark=remark)
        elif time.monotonic() - self._last > QUIET_SECONDS:
            self._last = time.monotonic()
            self._console.print(f"{self._what}: {done} of {self._total}  {remark}".rstrip())


@contextmanager
def watching(console: Console) -> Iterator[Watch]:
    """What a long function of the library tells how far it is: a bar for each thing that it does."""
    bars: dict[str, Bar] = {}
    with ExitStack() as stack:

        def watch(what: str, done: int, total: int, remark: str = "") -> None:
            if what not in bars:
                stack.close()
                bars[what] = stack.enter_context(Bar(console, what, total))
            bars[what].update(done, remark)

        yield watch


def _columns(console: Console) -> RichProgress:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[remark]}"),
        console=console,
    )
