"""Benchmarks as values: round trips, what is shown of them, and what the charts and tables say."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

import croze
from croze.errors import CrozeError
from croze.proxies import Measurement, Proxy, Undefined
from croze.ranking.charts import cells_chart
from croze.ranking.run import BenchmarkRun
from croze.reporting.text import correlation
from croze.scoring.ledger import Ledger
from croze.spaces.nasbench201 import NASBench201
from croze.spaces.nasbench201.cell import every_cell
from croze.truth import Provenance, Truth

SPACE = NASBench201(channels=4, cells=1)
CELLS = tuple(map(str, every_cell()[5000:15000:600]))
ACCURACIES = np.random.default_rng(3).random(len(CELLS))
FIRST = "all cells"


@dataclass(frozen=True)
class Smallness(Proxy):
    """The number of parameters, of which fewer are better."""

    name = "smallness"
    summary = source = "test"
    higher_is_better = False

    def measure(self, passes):
        return Measurement(float(sum(p.numel() for p in passes.model.parameters())))


@dataclass(frozen=True)
class UndefinedBelow(Proxy):
    """Has no value on networks of fewer parameters."""

    least: int = 0

    name = "undefined-below"
    summary = source = "test"

    def measure(self, passes):
        params = sum(p.numel() for p in passes.model.parameters())
        if params < self.least:
            raise Undefined(f"only {params} parameters")
        return Measurement(float(params))


def truth(**changes):
    values = {
        "name": "toy",
        "dataset": "cifar10",
        "architectures": CELLS,
        "representative": np.arange(len(CELLS)),
        "columns": {"clean": ACCURACIES},
        "provenance": Provenance("memory", {}),
    }
    return Truth(**(values | changes))


SIZES = [
    sum(p.numel() for p in SPACE.build(SPACE.parse(cell), classes=10, seed=0).parameters()) for cell in CELLS
]


def run(folder, proxies, known=None, **more):
    settings = {"resamples": 20, "channels": 4, "cells_per_stage": 1} | more
    return croze.benchmark(known or truth(), proxies=proxies, out=folder, **settings)


def test_rho_is_that_of_scipy_and_lower_is_better_is_turned_round(tmp_path):
    found = run(tmp_path, ["params", Smallness()])
    expected = spearmanr(SIZES, ACCURACIES).statistic
    at = found.ranking.at
    assert at("params", "clean", FIRST).value == pytest.approx(expected)
    assert at("smallness", "clean", FIRST).value == pytest.approx(-expected)
    assert abs(expected) > 0.01
    assert at("smallness", "clean", FIRST, "difference").value == pytest.approx(-2 * expected)
    assert (found.failures, found.reason, found.status) == ({}, "", "finished")
    assert found.best == found.order[0] == ("params" if expected > 0 else "smallness")
    assert found.milliseconds.keys() == {"params", "smallness", "live-params", "flops"}
    assert all(ms > 0 for ms in found.milliseconds.values())
    assert found.scored["scores"]["params"] == SIZES
    rows = found.to_frame()
    chosen = rows[(rows.statistic == "spearman") & (rows.proxy == "params") & (rows.cells == FIRST)]
    assert chosen[chosen.column == "clean"].value.item() == pytest.approx(expected)


def test_a_finished_run_comes_back(tmp_path):
    found = run(tmp_path, "params,l2-norm")
    again = BenchmarkRun.load(tmp_path)
    assert repr(again.rows()) == repr(found.rows())
    assert json.dumps(again.to_json()) == json.dumps(found.to_json())
    assert again.table() == found.table()
    assert again.page().facts == found.page().facts
    assert again.markdown() == found.markdown()
    assert (again.status, again.best) == ("finished", found.best)
    assert "<table>" in again._repr_html_()


def test_a_run_of_scores_alone_is_unfinished(tmp_path, monkeypatch):
    calls = []

    def stop(self, architectures, proxies):
        for entry in scores(self, architectures, proxies):
            if len(calls) == 5:
                raise KeyboardInterrupt
            calls.append(entry)
            yield entry

    scores = Ledger.scores
    monkeypatch.setattr(Ledger, "scores", stop)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, "params")
    monkeypatch.undo()
    found = BenchmarkRun.load(tmp_path)
    assert (found.status, found.best, found.reason) == ("unfinished", "", "")
    assert {row["proxy"] for row in found.rows()} == {"params", "live-params", "flops"}
    assert found.table().title == "Scores on file"
    assert "has not finished" in found.page().notices[0]
    assert run(tmp_path, "params").status == "finished"
    assert BenchmarkRun.load(tmp_path).status == "finished"


def test_a_failed_run_says_who_failed_and_comes_back(tmp_path):
    proxy = UndefinedBelow(10**9)
    found = run(tmp_path, ["params", proxy])
    count = len(CELLS)
    assert found.status == "failed"
    assert found.reason == (
        "A comparison needs at least 3 cells on which every proxy succeeded, "
        f"got 0 of {count}: {proxy.spec} failed on {count}."
    )
    again = BenchmarkRun.load(tmp_path)
    assert (again.status, again.reason, again.best) == ("failed", found.reason, "")
    assert again.page().notices[0] == found.reason
    assert again.charts() == ()
    few = run(tmp_path, "params", sample=2)
    assert few.reason.endswith("got 2 of 2: take a larger sample.")
    assert run(tmp_path, "params", sample=3).status == "finished"


def test_failures_are_counted_with_the_first_reason(tmp_path):
    middle = sorted(SIZES)[len(SIZES) // 2]
    proxy = UndefinedBelow(middle)
    found = run(tmp_path, ["params", proxy])
    small = [size for size in SIZES if size < middle]
    assert found.failures == {
        proxy.spec: {"cells": len(small), "first_reason": f"only {small[0]} parameters"}
    }
    assert found.ranking.cells[FIRST].n == len(SIZES) - len(small) >= 3
    assert found.ranking.cells[FIRST].failures == {proxy.spec: len(small)}


def test_the_table_fits_into_80_columns(tmp_path):
    proxies = "params,croze-positional,rank(params,l2-norm)"
    columns = dict.fromkeys(("clean", "fgsm@8", "corruptions", "pgd@1"), ACCURACIES)
    known = truth(columns=columns)
    text = run(tmp_path, proxies, known).table().terminal()
    assert max(map(len, text.splitlines())) <= 80
    assert "rank(params,l2-norm)" in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"rows": [], "bootstrap": {}}, "must be a result of a benchmark, got a file that names no kind"),
        ({"format": {"kind": "search", "version": 1}}, "got one of a search"),
        ({"format": {"kind": "benchmark", "version": 1}}, "is of format 1, this croze reads format 2"),
        ({"format": {"kind": "benchmark", "version": 2}}, "is no benchmark that can be read"),
    ],
)
def test_other_files_are_refused(tmp_path, content, message):
    (tmp_path / "benchmark.json").write_text(json.dumps(content))
    with pytest.raises(CrozeError, match=message):
        BenchmarkRun.load(tmp_path)


def test_a_folder_without_a_benchmark(tmp_path):
    with pytest.raises(CrozeError, match=r"holds no benchmark: looked for benchmark\.json"):
        BenchmarkRun.load(tmp_path)


def test_what_makes_no_sense_is_refused(tmp_path):
    with pytest.raises(CrozeError, match="Proxy params is named twice"):
        run(tmp_path, ["params", "params"])
    with pytest.raises(CrozeError, match="A sample of 99 cannot be drawn"):
        run(tmp_path, "params", sample=99)
    with pytest.raises(CrozeError, match="A half is choose, report or both"):
        run(tmp_path, "params", half="left")


# a run of real cells on file


@pytest.fixture(scope="module")
def real(shared_found):
    return BenchmarkRun.load(shared_found / "quality")


@pytest.fixture(scope="module")
def kept(real):
    scores, accuracies = real.scored["scores"], real.scored["accuracies"]
    every = [*scores.values(), *accuracies.values()]
    return [i for i, row in enumerate(zip(*every, strict=True)) if None not in row]


def test_the_values_are_those_of_the_cells(real, kept):
    cells = real.sets[0]
    assert len(kept) == real.ranking.cells[cells].n < real.ranking.cells[cells].chosen
    x = np.array(real.scored["scores"]["croze-positional"], dtype=float)[kept]
    y = np.array(real.scored["accuracies"]["clean"], dtype=float)[kept]
    value = {
        r.statistic: r.value
        for r in real.ranking.select(proxy="croze-positional", column="clean", cells=cells)
    }
    assert value["spearman"] == pytest.approx(spearmanr(x, y).statistic)
    assert value["kendall"] == pytest.approx(kendalltau(x, y).statistic)
    pick = y[x.argmax()]
    assert value["picked accuracy"] == pytest.approx(pick)
    assert value["regret"] == pytest.approx(y.max() - pick)
    first = y[np.argsort(-x)[:10]]
    assert value["precision@10"] == pytest.approx(np.mean(first >= np.sort(y)[-10]))
    assert value["regret@10"] == pytest.approx(y.max() - first.max())


def test_the_rho_above_a_panel_is_that_of_its_dots(real, kept):
    chart = cells_chart(real.ranking, real.sets[0], real.scored, real.order)
    assert f"one of {len(kept):,} cells" in chart.reading
    for column, accuracies in list(real.scored["accuracies"].items())[:2]:
        for spec in ("croze-positional", "params"):
            scores = real.scored["scores"][spec]
            rho = spearmanr([scores[i] for i in kept], [accuracies[i] for i in kept]).statistic
            assert f"{spec} with {column}, rho {correlation(rho)}" in chart.alt


def test_rho_is_left_out_where_it_rests_on_other_cells(real):
    moved = replace(real.ranking, records=tuple(replace(r, n=1) for r in real.ranking.records))
    assert "rho" not in cells_chart(moved, real.sets[0], real.scored, real.order).alt
    assert cells_chart(real.ranking, real.sets[0], {}, real.order) is None


def test_the_page_of_a_real_run(real):
    part = real.page()
    assert part.facts[0].remark == real.order[0]
    assert [sheet.title for sheet in part.sheets][-3:] == [
        "Failures",
        "Milliseconds a cell",
        "Files of the ground truth",
    ]
    spent = [float(row[1].replace(",", "")) for row in part.sheets[-2].rows]
    assert spent == sorted(spent)
    assert [chart.name for chart in part.charts] == [
        *("benchmark-rho", "benchmark-size", "benchmark-partial", "benchmark-differences", "benchmark-cells"),
    ]
    maps = part.charts[0].data
    assert [row[0] for row in maps.rows] == real.order
    means = [real.ranking.at(proxy, "mean", real.sets[0]).value for proxy in real.order]
    assert [row[-1] for row in maps.rows] == list(map(correlation, means))


def test_a_chart_is_drawn_to_a_file(real, tmp_path):
    for ending in ("png", "svg", "pdf"):
        real.charts()[0].save(tmp_path / f"new.{ending}")
        assert (tmp_path / f"new.{ending}").stat().st_size > 1000


def test_undefined_values_are_drawn_as_gaps(real, tmp_path):
    records = tuple(
        replace(r, value=math.nan, low=math.nan, high=math.nan) if r.proxy == "params" else r
        for r in real.ranking.records
    )
    gone = replace(real, ranking=replace(real.ranking, records=records))
    assert gone.order[-1] == "params"
    for chart in gone.charts():
        chart.save(tmp_path / "one.svg")
