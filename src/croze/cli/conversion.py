"""Opens a ground truth, with a progress bar where its raw files take minutes to convert."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from croze.cli.progress import Bar

if TYPE_CHECKING:
    from rich.console import Console

    from croze.truth import Truth


def opened_truth(spec: str, dataset: str, terminal: Console) -> Truth:
    """As `open_truth`; nothing is shown where it takes no time.

    Raises:
        CrozeError: as `open_truth`.
    """
    from croze.truth import open_truth

    with ExitStack() as stack:
        bars: list[Bar] = []

        def watch(done: int, total: int) -> None:
            if not bars:
                bars.append(stack.enter_context(Bar(terminal, "cells converted", total)))
            bars[0].update(done)

        return open_truth(spec, dataset, watch)
