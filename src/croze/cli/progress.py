"""Progress for people who wait: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress

    from croze.truth import Truth

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

    def __exit__(self, *problem: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, remark: str = "") -> None:
        """Now so many are done."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, remark=remark)
        elif time.monotonic() - self._last > QUIET_SECONDS:
            self._last = time.monotonic()
            self._console.print(f"{self._what}: {done} of {self._total}  {remark}".rstrip())


class Bars:
    """A bar for each thing that is done, one after another: what runs take as `watch`; a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._what = ""
        self._bar: Bar | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        if self._bar is not None:
            self._bar.__exit__()

    def __call__(self, what: str, done: int, total: int, remark: str = "") -> None:
        """So much of what is being done is done; a remark at the beginning is printed."""
        if self._bar is None or what != self._what:
            self.__exit__()
            self._what, self._bar = what, Bar(self._console, what, total)
            self._bar.__enter__()
            if remark and not done:
                self._console.print(remark)
        self._bar.update(done, remark)


def opened_truth(spec: str, dataset: str, terminal: Console) -> Truth:
    """As `open_truth`; nothing is shown where it takes no time."""
    from croze.truth import open_truth

    with Bars(terminal) as bars:
        return open_truth(spec, dataset, lambda done, total: bars("cells converted", done, total))


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
