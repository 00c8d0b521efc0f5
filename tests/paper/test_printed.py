import json
import statistics

import pytest

from croze.errors import CrozeError
from croze.paper.printed import AVERAGE, printed, printed_tables

PART_OF = {"table4": ("pgd", "cw", "spsa", "lgv", "autoattack")}
"""Columns that an average is over, where they are not all others."""


@pytest.mark.parametrize(
    "name", [name for name, table in printed_tables().items() if AVERAGE in table.columns]
)
def test_averages_are_means_of_their_row_or_known_errata(name):
    table = printed(name)
    over = PART_OF.get(name, tuple(column for column in table.columns if column != AVERAGE))
    checked = 0
    for row in table.rows:
        figures = [table.value(row, column) for column in over]
        meant = table.meant(row, AVERAGE)
        if None not in figures and meant is not None:
            # last digits: of each figure of the row, and of the average itself
            digit = 0.001 if name.startswith(("table1", "table2")) else 0.01
            assert statistics.fmean(figures) == pytest.approx(meant, abs=1.001 * digit)
            checked += 1
        erratum = table.erratum(row, AVERAGE)
        assert erratum is None or abs(erratum - table.value(row, AVERAGE)) > 0.001
    assert checked >= len(table.rows) - 1


def test_they_are_the_tables_that_were_transcribed(shared_data):
    theirs = json.loads((shared_data.parent / "published_tables.json").read_text())
    for name, table in printed_tables().items():
        number, _, part = name.partition("/")
        of_paper = theirs[number]
        if number == "table2":
            places = [i for i, c in enumerate(of_paper["columns"]) if c.startswith(f"{part}/")]
            assert table.columns == tuple(of_paper["columns"][i].split("/")[1] for i in places)
            rows = {row: [figures[i] for i in places] for row, figures in of_paper["rows"].items()}
        elif number == "table6":
            rows = {"top": of_paper[part]["top5"], "bottom": of_paper[part]["bottom5"]}
        else:
            rows = of_paper[part or "rows"]
        assert {row: list(figures.values()) for row, figures in table.rows.items()} == rows


def test_what_is_lost_or_not_there():
    table = printed("table2/cifar10")
    assert table.value("NASWOT", "fgsm4") is None
    assert table.value("GradSign", "clean") is None
    assert table.meant("#Params", "avg") == 0.538
    with pytest.raises(CrozeError, match="The printed tables are table1, "):
        printed("table7")
