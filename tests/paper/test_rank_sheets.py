import numpy as np
import pytest

from croze.paper.printed import printed
from croze.paper.rank_sheets import beside_text, difference_text, notes, sheets
from croze.paper.rank_table import Beside, Layout, RankTable, View
from croze.ranking import Bootstrap, Cells, Ranking, Record
from croze.ranking.columns import Column, ColumnSet
from croze.ranking.ranking import GIVEN_SIZE, OWN
from croze.reporting.page import Page

NAN = float("nan")
TWO = ("clean", "fgsm4")
ONE = ("clean", "fgsm", "pgd", "hrs_fgsm", "hrs_pgd", "autoattack")
GONE = {name: f"no {name}" for name in ("cw", "deepfool", "spsa", "lgv")}


def layout(name, filled, empty=(), comparable=True):
    columns = tuple(Column(column, ((column,),)) for column in filled)
    return Layout(name, ColumnSet("paper", columns), dict(empty), comparable)


IMAGENET = layout("table2/imagenet16-120", TWO)
TABLE1 = layout("table1", ONE, GONE)


def lines(spec, rho, columns, cells, *, n=40, own=None):
    """Rho of a criterion on a view, falling by column, and on its own cells."""
    found = []
    for i, column in enumerate(columns):
        found.append(Record(spec, column, cells, "spearman", rho - i / 100, rho - 0.1, rho + 0.1, n))
        found.append(Record(spec, column, cells, GIVEN_SIZE, rho / 2, n=n))
        value = (rho if own is None else own) - i / 100
        found.append(Record(spec, column, cells + OWN, "spearman", value, n=n))
    mean = float(np.mean([rho - i / 100 for i in range(len(columns))]))
    found.append(Record(spec, "mean", cells, "spearman", mean, rho - 0.05, rho + 0.05, n))
    found.append(Record(spec, "mean", cells, GIVEN_SIZE, rho / 4, n=n))
    return [*found, Record(spec, "mean", cells + OWN, "spearman", mean, n=n)]


def table(chosen, kinds=("all", "distinct"), given_size=True):
    columns = chosen.filled
    records, cells = [], {}
    views = [View(kind, half) for kind in kinds for half in ("both", "report", "choose")]
    for view in views:
        shift = {"both": 0.0, "report": 0.01, "choose": 0.02}[view.half]
        records += lines("params", 0.6 + shift, columns, view.cells)
        records += lines("croze-robust", 0.9 + shift, columns, view.cells)
        records += lines("naswot", 0.5, columns, view.cells, n=30, own=0.7)
        records += lines("croze-official", 0.7 + shift, columns, view.cells)
        common = ("params", "croze-robust", "croze-official")
        lost, why = {"naswot": 10}, {"naswot": "no | gradient"}
        cells[view.cells] = Cells(40, 39, 39, lost, why, (), common)
    ranking = Ranking(tuple(records), cells, Bootstrap(50, 7))
    return RankTable(chosen, ranking, tuple(views), ("croze-robust",), given_size)


def named(found, title):
    (sheet,) = [sheet for sheet in sheets(found) if sheet.title == title]
    return sheet


def test_beside_the_paper():
    sheet = named(table(IMAGENET), "Comparison with the paper")
    assert sheet.head == ("paper", "proxy", "cells", "clean", "FGSM-4", "Avg.", "n")
    assert sheet.rows == (
        ("#Params", "`params`", "all drawn strings", *(".600 (.683, -.083)", ".590 (.627, -.037)"),
         ".595 (.655, -.060)", "40"),
        ("#Params", "`params`", "distinct cells", ".600", ".590", ".595", "40"),
        ("NASWOT", "`naswot`", "all drawn strings", *(".700 (.698, +.002)", ".690 (.730, -.040)"),
         ".695 (lost)", "30"),
        ("NASWOT", "`naswot`", "distinct cells", ".700", ".690", ".695", "30"),
        ("CRoZe", "`croze-official`", "all drawn strings", *(".700 (.765, -.065)", ".690 (.696, -.006)"),
         ".695 (.731, -.036)", "40"),
        ("CRoZe", "`croze-official`", "distinct cells", ".700", ".690", ".695", "40"),
    )  # fmt: skip
    assert sheet.note.startswith("Ours (printed, difference). Printed: all 15,625 cells")


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (Beside(0.538, 0.502, 0.538), ".538 (.502, row gives .538, ±.000)"),
        (Beside(0.601, 0.46, 0.501), ".601 (.460, row gives .501, +.100)"),
        (Beside(-0.073, -0.073, -0.073), "-.073 (-.073, ±.000)"),
        (Beside(0.25, None, None), ".250 (lost)"),
        (Beside(NAN, 0.25, 0.25), "- (.250, -)"),
    ],
)
def test_a_figure_with_what_is_printed(one, text):
    assert beside_text(one) == text


def test_differences_have_a_sign():
    texts = [difference_text(value) for value in (0.0104, -0.2, 0.0002, -0.0002, NAN)]
    assert texts == ["+.010", "-.200", "±.000", "±.000", "-"]


def test_empty_columns_hold_the_print_alone_and_stand_nowhere_else():
    found = table(TABLE1, ("distinct",))
    sheet = named(found, "Comparison with the paper")
    print_ = printed("table1")
    for row, name in zip(sheet.rows, ("#Params", "NASWOT", "CRoZe"), strict=True):
        for column, heading in (("cw", "CW"), ("deepfool", "DeepFool"), ("spsa", "SPSA"), ("lgv", "LGV")):
            text = row[sheet.head.index(heading)]
            assert text == f"({print_.value(name, column):.3f})".replace("0.", ".")
    assert sheet.head[-2] == "Mean of 6"
    for other in sheets(found):
        if other.title not in ("Comparison with the paper", "Not reproduced"):
            assert not {"CW", "DeepFool", "SPSA", "LGV"} & set(other.head)
    gone = named(found, "Not reproduced")
    assert [row[0] for row in gone.rows] == ["CW", "DeepFool", "SPSA", "LGV", "Avg."]
    assert gone.rows[0][1] == "no cw"
    (note,) = [note for note in notes(found) if note.startswith("*Mean of 6*")]
    assert "It is not the paper's Avg., which is over all columns, including CW, DeepFool, SPSA, LGV" in note


def test_every_half_has_its_table_and_one_order():
    found = table(IMAGENET)
    for kind in ("All drawn strings", "Distinct cells"):
        for half, shift in (("both halves", 0), ("report half", 1), ("choose half", 2)):
            sheet = named(found, f"{kind}, {half}: rho")
            assert sheet.head == ("proxy", "clean", "FGSM-4", "Avg.", "n", "failed")
            assert sheet.rows == (
                ("`croze-robust` †", f".9{shift}0", f"{0.89 + shift / 100:.3f}"[1:],
                 f"{0.895 + shift / 100:.3f}"[1:], "40", "0"),
                ("`croze-official`", f".7{shift}0", f"{0.69 + shift / 100:.3f}"[1:],
                 f"{0.695 + shift / 100:.3f}"[1:], "40", "0"),
                ("`params`", f".6{shift}0", f"{0.59 + shift / 100:.3f}"[1:],
                 f"{0.595 + shift / 100:.3f}"[1:], "40", "0"),
                ("*below: each on its own cells*", "", "", "", "", ""),
                ("`naswot`", ".500", ".490", ".495", "30", "10"),
            )  # fmt: skip
            assert sheet.note == "39 of 40 cells."


def test_intervals_and_partial_rhos_have_their_own_tables():
    found = table(IMAGENET)
    intervals = named(found, "Distinct cells, report half: intervals")
    assert intervals.rows[0][1] == ".910 (.810 to 1.010)"
    averages = named(found, "Avg.: with intervals")
    assert averages.head[1:] == (
        "All drawn strings, both halves",
        "All drawn strings, report half",
        "All drawn strings, choose half",
        "Distinct cells, both halves",
        "Distinct cells, report half",
        "Distinct cells, choose half",
    )
    assert averages.rows[-1][:2] == ("`naswot`", ".495 (.450 to .550)°")
    assert named(found, "Distinct cells, choose half: rho given live parameters").rows[0][1] == ".460"
    assert named(found, "Avg.: given live parameters").rows[0][1] == ".225"
    without = [sheet.title for sheet in sheets(table(IMAGENET, given_size=False))]
    assert not any("given live" in title for title in without)
    assert not any(note.startswith("*Given live") for note in notes(table(IMAGENET, given_size=False)))


def test_what_is_not_there_is_left_out():
    found = table(layout("table2/imagenet16-120", TWO, comparable=False))
    titles = [sheet.title for sheet in sheets(found)]
    assert "Comparison with the paper" not in titles
    assert "Not reproduced" not in titles
    with_remark = sheets(found, [("Table 2 on cifar10", "the same command")])[-1]
    assert with_remark.rows == (("Table 2 on cifar10", "the same command"),)


def test_own_proxies_are_marked_and_explained():
    (note,) = [note for note in notes(table(IMAGENET)) if note.startswith("†")]
    assert "`croze-robust`" in note
    assert "quote the values of the report half" in note


def test_every_table_of_the_page_is_whole():
    found = table(TABLE1)
    page = Page("Table 1", "About.", "croze reproduce table1", ["basis"], notes(found), sheets(found))
    text = page.markdown()
    assert "no \\| gradient" in text
    for sheet in sheets(found):
        assert all(len(row) == len(sheet.head) for row in sheet.rows)
        assert f"## {sheet.title}\n" in text
