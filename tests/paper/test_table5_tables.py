import pytest

from croze.paper.forms import SETS, Best
from croze.paper.table5 import ComponentSets, Row, notes, tables

NAN = float("nan")
VALUES = {"clean": 0.937, "cc": 0.5693, "fgsm": 0.458, "hrs": 0.6153, "avg": 0.6449}
RHO = dict.fromkeys(("clean", "cc"), (0.8, 0.75, 0.85)) | {"fgsm": (NAN, NAN, NAN)}


def row(form, name):
    best = Best("cell a" if name != "F" else "cell b", 3.0, 9, 2)
    return Row(form, name, f"{form}({name})", best, VALUES, 42, 0.0193, RHO, 9, 1, "no gradient")


@pytest.fixture
def found():
    rows = tuple(row(form, name) for form in ("one", "two") for name in SETS)
    return ComponentSets(rows, ("cell c", {**VALUES, "avg": 0.6642}), 10, 1000, 0)


def test_winners_beside_the_papers(found):
    winners, ranking, *_, cells, failures = tables(found, comparable=True)
    assert winners.title == "one: selected cells"
    assert winners.note == "Selected from 9 of 10 cells."
    assert winners.head == ("components", "clean", "CC", "FGSM-8", "HRS", "Avg.", "rank", "regret")
    assert winners.rows[0][:3] == ("F", "93.70 (93.30, +0.40)", "56.93 (55.62, +1.31)")
    assert winners.rows[4] == (
        *("F+P+G", "93.70 (93.70, +0.00)", "56.93 (56.93, +0.00)", "45.80 (45.80, +0.00)"),
        *("61.53 (61.53, +0.00)", "64.49 (64.49, +0.00)", "42", "1.93"),
    )
    assert winners.rows[5][-3:] == ("66.42", "1", "0.00")
    assert ranking.rows[0] == ("F", ".800 (.750 to .850)", ".800 (.750 to .850)", "-", "9", "1")
    assert [line[0] for line in cells.rows] == ["`cell b`", "`cell a`", "`cell c`"]
    assert cells.rows[1][1:] == ("one: F+P, F+G, P+G, F+P+G; two: F+P, F+G, P+G, F+P+G", "2")
    assert failures.rows[0] == ("`one(F)`", "1 of 10", "no gradient")
    assert len(failures.rows) == 10


def test_another_benchmark_stands_alone(found):
    winners, *_ = tables(found, comparable=False)
    assert winners.rows[0][1:3] == ("93.70", "56.93")
    assert len(notes(found, comparable=True)) == len(notes(found, comparable=False)) + 1


def test_json_has_no_nan(found):
    content = found.to_json()
    assert content["rows"][0]["rho"]["fgsm"] == [None, None, None]
    assert content["best_by_average"]["architecture"] == "cell c"
