import numpy as np
import pytest

from croze.ranking.quality import quality
from croze.ranking.quality_sheets import beyond_rho, by_set, deciles, failures, notes, on_top, quality_sheets
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
    settings = {"tops": (5,), "resamples": 30}
    return quality(truth, ["clean", "corruptions"], np.arange(N), scores, sizes, name="all cells", **settings)


def columns(sheet):
    return {head: [row[i] for row in sheet.rows] for i, head in enumerate(sheet.head)}


def test_beyond_rho(judged):
    sheet = beyond_rho(judged, "clean")
    assert sheet.title == "clean, all cells: rank correlations"
    assert sheet.note == "n = 39 of 40 cells, 39 of them distinct."
    found = columns(sheet)
    assert found["proxy"] == ["`perfect`", "`flat`", "`noise`"]
    assert found["rho"][:2] == ["1.000 (1.000 to 1.000)", "-"]
    assert found["weighted tau"][:2] == ["1.000", "-"]
    assert "given all sizes" in found


def test_the_top_stands_beside_the_oracle_and_chance(judged):
    found = columns(on_top(judged, "clean"))
    assert found["proxy"][-2:] == ["*oracle*", "*random*"]
    assert found["P@5"][0].startswith("1.000 (")
    assert found["P@5"][1] == "-"
    assert found["P@5"][-2:] == ["1.000", ".128"]  # 5 of 39
    assert found["regret"][0] == "0.00 (0.00 to 0.00)"
    assert found["regret"][-2:] == ["0.00", "47.50 ± 28.14"]
    assert found["picks"] == ["97.50", "-", found["picks"][2], "97.50", "50.00"]
    assert found["sharing"][:2] == ["1", "39"]


def test_deciles_say_their_cells_and_sizes(judged):
    sheet = deciles(judged, "corruptions")
    assert sheet.title == "corruptions, all cells: rho inside size deciles"
    assert [head.split(": ")[1] for head in sheet.head[1:-1]] == ["4"] * 4 + ["3"] + ["4"] * 5
    assert "Live parameters by decile: 1: 0 to " in sheet.note
    assert columns(sheet)["mean"][0].startswith("-1.000")


def test_sets_stand_side_by_side(judged):
    sheet = by_set([judged, judged], "clean")
    assert sheet.head == ("proxy", "all cells", "all cells")
    assert "report half" in sheet.note


def test_failures_and_constants_are_named(judged):
    assert failures(judged).rows == (
        ("`flat`", "the same for all cells, so it ranks nothing"),
        ("`noise`", "failed on 1 of 40"),
    )


def test_all_sheets_are_markdown(judged):
    sheets = quality_sheets(judged)
    assert len(sheets) == 7
    for sheet in sheets:
        assert all(len(row) == len(sheet.head) for row in sheet.rows)
        assert sheet.markdown().startswith("## ")
    text = " ".join(notes(judged))
    assert "95% bootstrap intervals of all figures (30 resamples" in text
