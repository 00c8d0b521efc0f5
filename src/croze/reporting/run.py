"""What every run has in common, whatever it is of: it lies in a folder, is saved, read back and shown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from croze.files import write_text
from croze.reporting.document import report_of
from croze.reporting.part import Part
from croze.reporting.table import Table, frame

if TYPE_CHECKING:
    import pandas as pd

Status = Literal["finished", "unfinished", "failed"]
"""`failed`: it came to its end without a result; `Run.reason` says why."""


class Run(ABC):
    """A search, benchmark, training or evaluation as a value.

    Attributes:
        kind: which of them.
        version: of the format that `save` writes and `load` reads.
        folder: where it lies.
    """

    kind: ClassVar[str]
    version: ClassVar[int]
    folder: Path

    @classmethod
    @abstractmethod
    def load(cls, folder: Path) -> Self:
        """The run that lies in a folder, finished, unfinished or failed.

        Raises:
            CrozeError: when none of this kind lies there, or it is of another format.
        """

    @abstractmethod
    def save(self) -> None:
        """Write what `load` reads; a run does so itself as it goes on."""

    @property
    @abstractmethod
    def status(self) -> Status:
        """Whether it came to its end, and with a result."""

    @property
    def reason(self) -> str:
        """Why it failed or ended early; empty when it did not."""
        return ""

    @abstractmethod
    def table(self) -> Table:
        """The one table that says what came of it."""

    @abstractmethod
    def page(self) -> Part:
        """All there is to show of it: facts, charts, tables, what it rests on."""

    def to_frame(self) -> pd.DataFrame:
        """One row an item (candidate, figure, epoch, condition), numbers as numbers.

        Raises:
            CrozeError: without pandas.
        """
        return frame(self.rows())

    @abstractmethod
    def rows(self) -> list[dict[str, Any]]:
        """The rows of `to_frame`, by column."""

    def report(self, path: str | Path | None = None) -> Path:
        """Write the run as one HTML page that opens offline.

        Args:
            path: of the page; `report.html` in the run's folder without.

        Raises:
            CrozeError: without the extra `plot`, or when the page cannot be written.
        """
        path = self.folder / "report.html" if path is None else Path(path)
        write_text(path, report_of([self.page()]).html())
        return path

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.folder}, {self.status}: {' '.join(self.table().title.split())}>"

    def _repr_html_(self) -> str:
        """For notebooks: the table, and the first chart where matplotlib is there."""
        return self.page().excerpt(self.table())
