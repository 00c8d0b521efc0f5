"""A table of the paper as a truth fills it: its columns in the order of the print, and those left empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from croze.errors import CrozeError
from croze.paper.printed import AVERAGE, PrintedTable, printed
from croze.ranking.table import CONVENTIONS, PRINTED, ColumnSet, table2
from croze.truth.nasbench201 import SPACE
from croze.truth.truth import Truth


@dataclass(frozen=True)
class Layout:
    """The columns of a printed table of rank correlations.

    Attributes:
        name: of the printed table, such as `table2/cifar10`.
        table: the columns that the truth fills.
        empty: why each of the others stays empty, by its name.
        comparable: whether the truth is of the print's space and data set, so that the printed figures stand
            beside ours.
    """

    name: str
    table: ColumnSet
    empty: Mapping[str, str]
    comparable: bool

    @property
    def printed(self) -> PrintedTable:
        """The table as printed."""
        return printed(self.name)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns in the order of the print, without the average."""
        return tuple(name for name in self.printed.columns if name != AVERAGE)

    @property
    def filled(self) -> tuple[str, ...]:
        """Names of the columns that the truth fills, in this order."""
        return tuple(column.name for column in self.table.columns)


def layout_of_table2(truth: Truth, convention: str = "paper") -> Layout:
    """Table 2 for the data set of a truth.

    Args:
        truth: accuracies after standard training.
        convention: of the corruption groups, `paper` or `usual`.

    Raises:
        CrozeError: a truth of adversarial training, and as `table2`.
    """
    if truth.training == "adversarial":
        raise CrozeError(
            f"Table 2 is of standard training, {truth.name} of adversarial training: name "
            "robust-nb201:FOLDER or a pool, or take `croze reproduce table1`."
        )
    table = table2(truth, convention)
    there = {column.name for column in table.columns}
    needs = {"clean": "clean accuracy", "fgsm8": "FGSM at 8/255", "fgsm4": "FGSM at 4/255"}
    needs |= {
        group: f"accuracies under {', '.join(kinds)} at all severities"
        for group, kinds in CONVENTIONS[convention].items()
    }
    empty = {
        name: f"{truth.name} as it was given has no {needs[name]}"
        for name in PRINTED[truth.dataset]
        if name not in there
    }
    return Layout(f"table2/{truth.dataset}", table, empty, truth.space == SPACE)
