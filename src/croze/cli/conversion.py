"""Opens a ground truth, with a progress bar where its raw files take minutes to convert."""

from __future__ import annotations

from typing import TYPE_CHECKING

from croze.cli.progress import Bars

if TYPE_CHECKING:
    from rich.console import Console

    from croze.truth import Truth


def opened_truth(spec: str, dataset: str, terminal: Console) -> Truth:
    """As `open_truth`; nothing is shown where it takes no time.

    Raises:
        CrozeError: as `open_truth`.
    """
    from croze.truth import open_truth

    with Bars(terminal) as bars:
        return open_truth(spec, dataset, lambda done, total: bars("cells converted", done, total))
