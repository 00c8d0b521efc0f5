import json
import statistics
from pathlib import Path

import pytest

from croze.errors import CrozeError
from croze.paper import protocol_tables
from croze.paper.printed import printed
from croze.paper.protocol_rows import (
    ADVERSARIAL,
    PRINTED_CELLS,
    PRINTED_METHODS,
    STANDARD,
    published_cells,
    published_row,
    searched_row,
)
from croze.paper.protocol_tables import not_run, spread_text
from croze.pool import MemberResult
from croze.proxies import parse_proxy
from croze.searching.run import Found, SearchRun
from croze.spaces.genotypes import named


def searched(seed, architecture="a", seconds=2.0, params=100, failed=0, candidates=5, reason="overflow"):
    """A finished search; of no winner where there is no architecture."""
    lost = [Found(f"x{i}", {}, reason=reason) for i in range(failed if architecture else candidates)]
    best = [Found(architecture, {"p": 1.0}, params=params, live_params=90)] if architecture else []
    others = [Found(f"y{i}", {"p": 0.5}) for i in range(candidates - len(lost) - len(best))]
    goals = [{"objective": "p", "direction": "max", "definition": "p"}]
    settings = {"seed": seed, "objectives": goals, "data": "digits"}
    found = (*best, *others, *lost)
    return SearchRun(Path(), settings, {"name": "s"}, 10, found, True, "", 0, 0, seconds, {})


def test_rows_have_their_place_in_the_print():
    for table in ("table3/cifar10", "table3/cifar100", "table4"):
        rows = printed(table).rows
        assert set(PRINTED_METHODS.values()) | set(PRINTED_CELLS.values()) == set(rows)
    assert set(PRINTED_CELLS) <= set(named())
    assert [parse_proxy(name).spec for name in PRINTED_METHODS] == list(PRINTED_METHODS)


def test_published_cells_that_the_print_has_carry_its_count_of_parameters():
    for name, row in PRINTED_CELLS.items():
        table = "table3/cifar100" if name.endswith("100") else "table3/cifar10"
        assert float(named()[name].printed) == printed(table).value(row, "params_M")


def test_a_failed_training_counts_in_no_mean():
    results = [
        MemberResult("a", {"clean": 0.5}, {"clean": 10}),
        MemberResult("b", failed="loss is nan"),
        None,
    ]
    searches = [searched(0), searched(1, "b", 4.0, 101), searched(2, "c", 6.0, 102)]
    row = searched_row("synflow", searches, results, [{"clean": 0.5}, {}, {}])
    assert row.paper == "SynFlow"
    assert (row.value("clean").mean, row.value("clean").deviation, row.value("clean").n) == (0.5, None, 1)
    assert row.value("hrs") is None
    assert row.search_seconds.mean == 4.0
    assert row.params.deviation == pytest.approx(statistics.stdev([100, 101, 102]))
    assert [run.failed for run in row.runs] == ["", "loss is nan", "not trained yet"]
    assert [run.images for run in row.runs] == [(10, 10), (), ()]


def test_a_search_without_a_winner_has_no_network():
    nobody = searched(0, "", reason="the logits overflow")
    row = searched_row("croze-official", [nobody], [None], [{}])
    assert row.params is None
    assert row.runs[0].failed == "no candidate has a score: the logits overflow"
    json.dumps(row.to_json(), allow_nan=False)


def test_a_published_cell_has_no_search_of_ours():
    (cell,) = published_cells("advrush")
    row = published_row(cell, [0, 1], (9, 8), [None, None], [{"clean": 0.25}, {"clean": 0.75}])
    assert (row.name, row.paper, row.search_seconds) == ("AdvRush", "AdvRush", None)
    content = json.loads(json.dumps(row.to_json(), allow_nan=False))
    assert content["values"]["clean"] == {"mean": 0.5, "deviation": statistics.stdev([0.25, 0.75]), "n": 2}
    assert "search_seconds" not in content["values"]
    assert [run["seed"] for run in content["runs"]] == [0, 1]


def test_lists_of_published_cells():
    assert published_cells("none") == ()
    found = published_cells("PC-DARTS-CIFAR, robnet_free")
    assert [(cell.name, cell.space) for cell in found] == [
        ("PC-DARTS-CIFAR", "darts"),
        ("RobNet-free", "robnet"),
    ]
    with pytest.raises(CrozeError, match="AdvRush is named twice"):
        published_cells("AdvRush,advrush")
    with pytest.raises(CrozeError, match="did you mean AdvRush"):
        published_cells("AdvRash")


PAPER = printed("table3/cifar10")


def method(name, figures, failed=0):
    searches = [searched(seed, f"arch{seed}", 30.0, 5_000_000, failed, 40) for seed in range(len(figures))]
    results = [
        MemberResult(f"arch{seed}", {"clean": 0.5}, {"clean": 10})
        if own
        else MemberResult("x", failed="diverged")
        for seed, own in enumerate(figures)
    ]
    return searched_row(name, searches, results, figures)


CROZE = method(
    "croze-official", [{"clean": 0.9, "fgsm": 0.2, "hrs": 0.3}, {"clean": 0.8, "fgsm": 0.1, "hrs": 0.2}]
)
ROBUST = method("croze-robust", [{"clean": 0.85}, {}], failed=3)


def lines(sheet):
    """The cells behind row and kind, by both."""
    found = {}
    name = ""
    for row in sheet.rows:
        name = row[0] or name
        found[name, row[1]] = dict(zip(sheet.head[2:], row[2:], strict=True))
    return found


def test_ours_the_printed_and_the_difference():
    sheet = protocol_tables.tables("t", [CROZE, ROBUST], STANDARD, PAPER, paper_size=True)[0]
    found = lines(sheet)
    assert found["CRoZe", "ours, `croze-official`"] == {
        "params, M": "5.00",
        "search, s": "30 CPU s",
        "clean": "85.00 ± 7.07",
        "CC": "",
        "FGSM": "15.00 ± 7.07",
        "HRS": "25.00 ± 7.07",
        "n": "2",
    }
    assert found["CRoZe", "printed"]["clean"] == "94.34 ± 0.08"
    assert found["CRoZe", "printed"]["search, s"] == "17,066 GPU s"
    assert found["CRoZe", "difference"] == {
        "params, M": "-0.52",
        "search, s": "",
        "clean": "-9.34",
        "CC": "",
        "FGSM": "-5.51",
        "HRS": "-8.07",
        "n": "",
    }
    assert found["`croze-robust`", "ours"]["clean"] == "85.00"
    assert found["`croze-robust`", "ours"]["n"] == "1"
    assert ("`croze-robust`", "printed") not in found


def test_counts_of_other_sizes_are_not_compared():
    sheet = protocol_tables.tables("t", [CROZE], STANDARD, PAPER, paper_size=False)[0]
    assert lines(sheet)["CRoZe", "difference"]["params, M"] == ""


def test_what_was_not_run_stays_empty_and_is_named():
    sheet = protocol_tables.tables("t", [CROZE], STANDARD, PAPER, paper_size=True)[0]
    found = lines(sheet)
    missing = not_run([CROZE], PAPER)
    assert missing == ["PC-DARTS", "DrNAS", "RobNet", "AdvRush", "GradNorm", "SynFlow"]
    for name in missing:
        assert set(found[name, "ours"].values()) == {""}
        assert found[name, "printed"]["clean"]
        assert (name, "difference") not in found
    notes = " ".join(protocol_tables.notes([CROZE], PAPER, "40 candidates", adversarial=False))
    assert f"without values of ours: {', '.join(missing)}." in notes
    assert "Ours: 40 candidates. At another size, a difference means little." in notes


def test_a_row_whose_trainings_all_failed_was_not_run():
    failed = method("synflow", [{}, {}])
    assert "SynFlow" in not_run([failed], PAPER)
    tables = protocol_tables.tables("t", [failed], STANDARD, PAPER, paper_size=True)
    assert tables[-1].title == "Failures"
    assert tables[-1].rows == (("`synflow`", "0", "diverged"), ("`synflow`", "1", "diverged"))


def test_the_erratum_of_table_4_stands_beside_the_print():
    row = method("gradnorm", [{"avg": 0.5}])
    found = lines(protocol_tables.tables("t", [row], ADVERSARIAL, printed("table4"), paper_size=True)[0])
    assert found["GradNorm", "printed"]["Avg."] == "51.61 (its row: 51.80)"
    assert found["GradNorm", "difference"]["Avg."] == "-1.80"
    assert "params, M" not in found["GradNorm", "printed"]
    assert "contradicts its row" in " ".join(
        protocol_tables.notes([row], printed("table4"), "x", adversarial=True)
    )


def test_without_a_print_only_ours():
    (cell,) = published_cells("AdvRush")
    published = published_row(cell, [0], (9, 9), [None], [{"clean": 0.5}])
    tables = protocol_tables.tables("t", [published, CROZE], STANDARD, None, paper_size=True)
    assert set(lines(tables[0])) == {("`AdvRush`", "ours"), ("`croze-official`", "ours")}
    assert not_run([CROZE], None) == []
    assert "difference" not in " ".join(row[1] for row in tables[0].rows)


def test_searches_trainings_and_architectures():
    tables = {
        sheet.title: sheet
        for sheet in protocol_tables.tables(
            "t", [CROZE, ROBUST], STANDARD, PAPER, paper_size=True, seconds="cuda s"
        )
    }
    assert tables["Searches"].head[4] == "cuda s of scoring"
    remarks = [row[-1] for row in tables["Searches"].rows]
    assert remarks == ["", "", "the first failure: overflow", "the first failure: overflow"]
    assert len(tables["Trainings"].rows) == 4
    assert tables["Architectures"].rows[0] == ("`arch0`", "croze-official, seed 0; croze-robust, seed 0")


def test_nothing_has_no_text():
    assert spread_text(None) == ""
