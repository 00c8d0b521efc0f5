"""Cells and what stands beyond rho in the report of a benchmark, recomputed from the cells on file."""

import json

import numpy as np
import pytest
from croze.ranking.page_cells import cells_chart, cells_of
from croze.ranking.quality_charts import costs_table, quality_tables
from scipy.stats import kendalltau, spearmanr

from croze.ranking.charts import standings
from croze.reporting.text import correlation
from croze.runs import parts_of


@pytest.fixture(scope="module")
def result(found):
    return json.loads((found / "quality" / "benchmark.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def order(result):
    return [s.proxy for s in standings(result)[1]]


def test_the_dots_are_the_cells_on_which_everything_succeeded(result, order):
    cells = cells_of(result, order)
    assert len(cells.names) == result["cells"] < result["chosen"]
    assert list(cells.scores) == ["croze-positional", "params"]
    known = result["cells_scored"]
    for spec, values in cells.scores.items():
        for name, value in zip(cells.names, values, strict=True):
            assert known["scores"][spec][known["architecture"].index(name)] == value


def test_the_rho_above_a_panel_is_that_of_its_dots(result, order):
    cells = cells_of(result, order)
    alt = cells_chart(result, order).alt
    for column, accuracies in cells.accuracies.items():
        for spec, scores in cells.scores.items():
            rho = spearmanr(scores, accuracies).statistic
            assert f"{spec} with {column}, rho {correlation(rho)}" in alt


def test_rho_is_left_out_where_it_rests_on_other_cells(result, order):
    other = {**result, "quality": [{**result["quality"][0], "cells": 1}]}
    assert "rho" not in cells_chart(other, order).alt


def test_the_tables_say_what_the_cells_say(result, order):
    cells = cells_of(result, order)
    sheets = {sheet.title: sheet for sheet in quality_tables(result, order)}
    sheet = sheets["clean: correlations, the top and the pick"]
    assert [row[0] for row in sheet.rows] == [*order, "a random order"]
    row = dict(zip(sheet.head, sheet.rows[order.index("croze-positional")], strict=True))
    x, y = np.array(cells.scores["croze-positional"]), np.array(cells.accuracies["clean"])
    assert row["rho"] == correlation(spearmanr(x, y).statistic)
    assert row["tau-b"] == correlation(kendalltau(x, y).statistic)
    pick = y[x.argmax()]
    assert row["picks"] == f"{100 * pick:.1f}%"
    assert row["regret"] == f"{100 * (y.max() - pick):.2f}"
    first = y[np.argsort(-x)[:10]]
    assert row["P@10"] == correlation(np.mean(first >= np.sort(y)[-10]))
    assert row["best of 10"] == f"{100 * (y.max() - first.max()):.2f}"


def test_rho_stands_by_set_of_cells(result, order):
    sheet = quality_tables(result, order)[0]
    assert sheet.title == "Rho by set of cells"
    names = [one["name"] for one in result["quality"]]
    assert sheet.head[1 : 1 + len(names)] == tuple(f"clean, {name}" for name in names)
    by_set = [
        next(r for r in one["rows"] if r["proxy"] == order[0])["columns"]["clean"]["spearman"]["value"]
        for one in result["quality"]
    ]
    assert sheet.rows[0][1 : 1 + len(names)] == tuple(map(correlation, by_set))


def test_what_is_unknown_is_a_dash_and_not_a_number(result, order):
    copy = json.loads(json.dumps(result))
    row = next(r for r in copy["quality"][0]["rows"] if r["proxy"] == order[0])["columns"]["clean"]
    row["spearman"]["value"] = row["regret"]["value"] = row["picked_accuracy"] = None
    sheet = next(s for s in quality_tables(copy, order) if s.title.startswith("clean"))
    cells = dict(zip(sheet.head, sheet.rows[0], strict=True))
    assert (cells["rho"], cells["regret"], cells["picks"]) == ("–", "–", "–")


def test_a_result_of_an_older_croze_has_none_of_this(found):
    (part,) = parts_of(found / "benchmark")
    assert "benchmark-cells" not in [chart.name for chart in part.charts]
    assert [sheet.title for sheet in part.sheets] == ["Failures", "Milliseconds a cell", "Files of the truth"]


def test_costs_stand_from_the_least(result):
    rows = costs_table({"a": 3.0, "b": 1234.56, "c": 0.1}).rows
    assert rows == (("c", "0.1"), ("a", "3.0"), ("b", "1,234.6"))
