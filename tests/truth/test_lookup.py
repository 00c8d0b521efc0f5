from __future__ import annotations

import json

import numpy as np
import pytest

from croze.errors import CrozeError
from croze.spaces.darts import Darts
from croze.spaces.nasbench201 import NASBench201
from croze.truth import Provenance, Truth, halves, open_truth
from croze.truth.lookup import best, entry, find, summaries

FIRST = "|skip_connect~0|+|skip_connect~0|none~1|+|none~0|none~1|nor_conv_3x3~2|"
TWIN = "|nor_conv_1x1~0|+|skip_connect~0|none~1|+|none~0|none~1|nor_conv_3x3~2|"
OTHER = "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|"
THIRD = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"


@pytest.fixture
def truth() -> Truth:
    columns = {
        "clean": np.array([0.8, 0.8, 0.9, 0.8]),
        "clean-of-string": np.array([0.85, 0.75, 0.9, 0.8]),
    }
    strings = (FIRST, TWIN, OTHER, THIRD)
    return Truth("toy", "cifar10", strings, np.array([1, 1, 2, 3]), columns, Provenance("", {}))


def test_an_entry_has_every_column_with_its_rank(truth):
    found = entry(truth, FIRST)
    assert (found.architecture, found.asked, found.isomorphic) == (FIRST, FIRST, (FIRST, TWIN))
    assert found.half == ["choose", "report"][halves(truth)[0]]
    assert [(p.column, p.value, p.rank, p.of) for p in found.places] == [
        ("clean", 0.8, 2, 3),
        ("clean-of-string", 0.85, 2, 4),
    ]
    assert found.to_json()["columns"]["clean"] == {"value": 0.8, "rank": 2, "of": 3}


def test_the_best_are_one_a_class(truth):
    found = best(truth, "clean")
    assert [(one.rank, one.value, one.architecture, one.strings) for one in found] == [
        (1, 0.9, OTHER, 1),
        (2, 0.8, THIRD, 1),
        (2, 0.8, TWIN, 2),
    ]
    assert [one.architecture for one in best(truth, "clean-of-string", 2)] == [OTHER, FIRST]


def test_the_best_of_the_halves_are_all_of_the_best(truth):
    by_half = [best(truth, "clean", 10, half) for half in ("choose", "report")]
    names = sorted(one.architecture for half in by_half for one in half)
    assert names == sorted(one.architecture for one in best(truth, "clean"))
    with pytest.raises(CrozeError, match="choose, report or both, got 'left'"):
        best(truth, "clean", half="left")
    with pytest.raises(CrozeError, match="toy has no column 'fog@1'"):
        best(truth, "fog@1")


def test_summaries_are_of_all_strings(truth):
    clean, own = summaries(truth)
    assert (clean.column, clean.n, clean.different) == ("clean", 4, 2)
    assert (clean.low, clean.median, clean.high) == (0.8, 0.8, 0.9)
    assert (own.n, own.different, own.low, own.high) == (4, 4, 0.75, 0.9)


def test_any_notation_finds_the_string_itself_or_one_isomorphic(truth):
    few = Truth("few", "cifar10", (TWIN, OTHER), np.array([0, 1]), {}, Provenance("", {}))
    assert find(few, TWIN) == 0
    assert find(few, f" {OTHER} ") == 1
    assert find(few, "(1, 1, 3, 1, 1, 1)") == 1
    assert find(few, FIRST) == 0
    assert find(truth, FIRST) == 0
    with pytest.raises(CrozeError, match=r"few has none of its 2 architectures isomorphic to '\|none~0\|"):
        find(few, THIRD)
    with pytest.raises(CrozeError, match="is not a NAS-Bench-201 cell"):
        find(few, "|conv~0|")


def test_every_string_of_a_class_finds_it(real):
    space = NASBench201()
    members = np.flatnonzero(real.representative == real.representative[5000])
    few = Truth("few", "cifar10", (real.architectures[members[0]],), np.array([0]), {}, Provenance("", {}))
    assert {find(few, str(space.parse(real.architectures[i]))) for i in members} == {0}


def test_genotypes_and_their_published_names(shared_data):
    truth = open_truth(f"nas-bench-301:{shared_data / 'nas_bench_301' / 'zc_nasbench301.json'}", "cifar10")
    cell = Darts().parse(truth.architectures[17])
    normal = [list(pair) for pair in (cell.normal[1], cell.normal[0], *cell.normal[2:])]
    other = f"[{normal}, {[list(pair) for pair in cell.reduce]}]"
    assert other != truth.architectures[17]
    assert find(truth, other) == 17
    with pytest.raises(CrozeError, match="nas-bench-301 has none of its 725 architectures isomorphic to"):
        find(truth, "DARTS-V2")


def test_cells_have_the_numbers_of_the_benchmark(truth, shared_data):
    """Both published files hold all cells in its order; number 235 is as Robust NAS-Bench-201 names it."""
    table = open_truth(
        f"nasbench201:{shared_data / 'nas_bench_201' / 'cifar10_test_accuracy.csv'}", "cifar10"
    )
    names = json.loads((shared_data / "robust_nb201" / "meta.json").read_text())["ids"]
    found = entry(table, "235")
    assert (found.architecture, found.number) == (names["235"]["nb201-string"], 235)
    assert entry(table, found.architecture).number == 235
    assert found.to_json()["number"] == 235
    with pytest.raises(CrozeError, match="numbered 0 to 15,624, got 15625"):
        find(table, "15625")
    with pytest.raises(CrozeError, match="does not hold all cells in the order of the benchmark"):
        find(truth, "2")
    assert entry(truth, FIRST).number is None
