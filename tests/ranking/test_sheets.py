import numpy as np
import pytest

from croze.ranking import STATISTICS, Bootstrap, Cells, Ranking, Record, rank
from croze.ranking.columns import judged_columns
from croze.ranking.sheets import (
    by_set,
    column_sheets,
    deciles,
    failures,
    points_text,
    reading_notes,
    statistic_of,
    statistic_sheets,
    value_text,
)
from croze.truth import Provenance, Truth

N = 40
ACCURACY = np.arange(N) / N


@pytest.fixture(scope="module")
def judged():
    names = tuple(f"cell{i}" for i in range(N))
    columns = {"clean": ACCURACY, "corruptions": ACCURACY[::-1]}
    truth = Truth("toy", "cifar10", names, np.arange(N), columns, Provenance("memory", {}))
    rng = np.random.default_rng(0)
    scores = {"perfect": ACCURACY, "flat": np.ones(N), "noise": rng.random(N)}
    scores["noise"][0] = np.nan
    sizes = {"params": rng.random(N), "live-params": rng.permutation(N).astype(float)}
    return rank(
        truth, judged_columns(truth, "clean,corruptions"), np.arange(N), scores, sizes,
        statistics=tuple(STATISTICS), deep=True, tops=(5,), bootstrap=Bootstrap(30),
    )  # fmt: skip


CELLS = "all cells"


def named(ranking, title):
    sheets = statistic_sheets(ranking, CELLS, ("clean", "corruptions"))
    (sheet,) = [sheet for sheet in sheets if sheet.title == title]
    return sheet


def columns(sheet):
    return {head: [row[i] for row in sheet.rows] for i, head in enumerate(sheet.head)}


def test_beyond_rho(judged):
    sheet = named(judged, "clean, all cells: rank correlations")
    assert sheet.note == "n = 39 of 40 cells, 39 of them distinct."
    found = columns(sheet)
    assert found["proxy"] == ["`perfect`", "`flat`", "`noise`"]
    assert found["rho"][:2] == ["1.000 (1.000 to 1.000)", "-"]
    assert found["weighted tau"][:2] == ["1.000", "-"]
    assert "given all sizes" in found


def test_the_top_stands_beside_the_oracle_and_chance(judged):
    found = columns(named(judged, "clean, all cells: top k and regret"))
    assert found["proxy"][-2:] == ["*oracle*", "*random*"]
    assert found["P@5"][0].startswith("1.000 (")
    assert found["P@5"][1] == "-"
    assert found["P@5"][-2:] == ["1.000", ".128"]  # 5 of 39
    assert found["regret"][0] == "0.00 (0.00 to 0.00)"
    assert found["regret"][-2:] == ["0.00", "47.50 ± 28.14"]
    assert found["picks"] == ["97.50", "-", found["picks"][2], "97.50", "50.00"]
    assert found["sharing"][:2] == ["1", "39"]


def test_deciles_say_their_cells_and_sizes(judged):
    sheet = deciles(judged, CELLS, "corruptions")
    assert sheet.title == "corruptions, all cells: rho inside size deciles"
    assert [head.split(": ")[1] for head in sheet.head[1:-1]] == ["4"] * 4 + ["3"] + ["4"] * 5
    assert "Live parameters by decile: 1: 0 to " in sheet.note
    assert columns(sheet)["mean"][0].startswith("-1.000")


def test_sets_stand_side_by_side(judged):
    sheet = by_set(judged, [CELLS, CELLS], "clean")
    assert sheet.head == ("proxy", "all cells", "all cells")
    assert "report half" in sheet.note


def test_failures_and_constants_are_named(judged):
    assert failures(judged, CELLS).rows == (
        ("`flat`", "the same score for all cells"),
        ("`noise`", "failed on 1 of 40"),
    )


def test_all_sheets_are_markdown(judged):
    sheets = statistic_sheets(judged, CELLS, ("clean", "corruptions"))
    assert len(sheets) == 7
    for sheet in sheets:
        assert all(len(row) == len(sheet.head) for row in sheet.rows)
        assert sheet.markdown().startswith("## ")
    text = " ".join(reading_notes(judged, deep=True))
    assert "95% bootstrap intervals of all statistics (30 resamples" in text


def test_a_value_with_its_interval():
    def text(statistic, *numbers, proxy="p"):
        return value_text(Record(proxy, "clean", CELLS, statistic, *numbers))

    assert text("spearman", 0.5, 0.4, 0.61) == ".500 (.400 to .610)"
    assert text("spearman", 0.5) == ".500"
    assert text("spearman") == "-"
    assert text("regret", 0.0123, 0.01, 0.02) == "1.23 (1.00 to 2.00)"
    assert text("regret", 0.475, 0.4, 0.55, proxy="random order") == "47.50 ± 7.50"
    assert text("regret@10", -0.0) == "0.00"
    assert text("sharing first place", 1234.0) == "1,234"
    assert points_text(float("nan")) == "-"


def test_every_line_belongs_to_a_statistic(judged):
    headings = {label: statistic_of(label)[1] for label in judged.statistics(CELLS, "clean")}
    assert headings["precision@5"] == "P@5"
    assert headings["given live-params"] == "given live-params"
    assert headings["regret@5"] == "regret, best of 5"
    assert headings["within deciles"] == "in deciles"
    with pytest.raises(KeyError):
        statistic_of("gamma")


def table(columns, reference="params"):
    records = []
    for proxy, rho in (("params", 0.75), ("croze-paper(beta=1)", float("nan"))):
        for column in columns:
            records.append(Record(proxy, column, CELLS, "spearman", rho, rho - 0.05, rho + 0.05, 40))
            records.append(Record(proxy, column, CELLS, "given live-params", rho / 3, n=40))
            records.append(Record(proxy, column, CELLS, "difference", -0.875, -0.9, 0.05, 40))
    cells = {CELLS: Cells(50, 40, 30, {"croze-paper(beta=1)": 3}, common=("params",))}
    return Ranking(tuple(records), cells, Bootstrap(200, 7), reference)


def test_columns_have_rho_partial_rho_and_differences():
    ranking = table(("clean", "fgsm8", "mean"))
    rho, partial, differences = column_sheets(ranking, CELLS, ("clean", "fgsm8"), "paper")
    assert rho.head == ("proxy", "clean", "fgsm8", "mean", "failed")
    assert rho.rows[0] == ("`params`", *[".750 (.700 to .800)"] * 3, "0")
    assert rho.rows[1] == ("`croze-paper(beta=1)`", "-", "-", "-", "3")
    assert "n = 40 of 50 cells, 30 of them distinct" in rho.note
    assert "paper convention" in rho.note
    assert partial.rows[0] == ("`params`", ".250", ".250", ".250")
    assert differences.rows == (("`croze-paper(beta=1)`", *["-.875 (-.900 to .050)"] * 3),)
    assert "to params" in differences.title
    assert len(column_sheets(table(("clean", "mean"), ""), CELLS, ("clean",), "single")) == 2
