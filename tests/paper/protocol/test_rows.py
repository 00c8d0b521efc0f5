import json
import statistics

import pytest

from croze.errors import CrozeError
from croze.paper.printed import printed
from croze.paper.protocol import (
    PRINTED_CELLS,
    PRINTED_METHODS,
    Searched,
    published_cells,
    published_row,
    searched_row,
)
from croze.pool import MemberResult
from croze.proxies import parse_proxy
from croze.spaces.genotypes import named


def searched(seed, architecture="a", seconds=2.0):
    return Searched(seed, architecture, 1.0, 100 + seed, 90, 5, 0, "", "", seconds, 5, 9.0)


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
    searches = [searched(0), searched(1, "b", 4.0), searched(2, "c", 6.0)]
    row = searched_row("synflow", searches, results, [{"clean": 0.5}, {}, {}])
    assert row.paper == "SynFlow"
    assert (row.value("clean").mean, row.value("clean").deviation, row.value("clean").n) == (0.5, None, 1)
    assert row.value("hrs") is None
    assert row.search_seconds.mean == 4.0
    assert row.params.deviation == pytest.approx(statistics.stdev([100, 101, 102]))
    assert [run.failed for run in row.runs] == ["", "loss is nan", "not trained yet"]
    assert [run.images for run in row.runs] == [(10, 10), (), ()]


def test_a_search_without_a_winner_has_no_network():
    nobody = Searched(0, "", None, None, None, 5, 5, "the logits overflow", "", 1.0)
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
