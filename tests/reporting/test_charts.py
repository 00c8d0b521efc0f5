"""The data behind the charts, against what the files say."""

import json
import math
import re

import numpy as np
import pytest

from croze.reporting.chart import MOST, NARROW, WIDE, thinned
from croze.reporting.text import correlation, millions, number, percent
from croze.robustness.charts import attack_bars, by_group
from croze.robustness.run import EvaluationRun
from croze.robustness.tables import TOGETHER
from croze.runs import runs_in
from croze.searching.charts import against_goal, against_size, course, growth
from croze.searching.run import SearchRun
from croze.spaces import open_space
from croze.spaces.darts.genotype import Genotype
from croze.spaces.graph import graphs_of, operation_label
from croze.spaces.robnet.edges import EXAMPLE


def pages_in(folder):
    return [run.page() for run in runs_in(folder)]


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_course_of_a_search(found):
    run = SearchRun.load(found / "search")
    rows = load(found / "search" / "search.json")["candidates"]
    numbers, scores, best = course(run)
    expected = [(i, row["scores"][0]) for i, row in enumerate(rows, start=1) if "scores" in row]
    assert list(zip(numbers, scores, strict=True)) == expected
    assert best == [max(scores[: k + 1]) for k in range(len(scores))]
    assert run.reasons.total() == len(rows) - len(expected) == 1
    assert run.best.architecture == load(found / "search" / "best.json")["best"]["architecture"]
    assert best[-1] == load(found / "search" / "best.json")["best"]["score"]


def test_the_front_of_score_and_size_is_what_nothing_betters(found):
    run = SearchRun.load(found / "search")
    for size in ("params", "flops"):
        points = against_size(run, size)
        pairs = list(zip(points.x, points.y, strict=True))
        bettered = [any((x <= a and y >= b) and (x < a or y > b) for x, y in pairs) for a, b in pairs]
        assert sorted(points.front) == [i for i, bad in enumerate(bettered) if not bad]
        assert [points.x[i] for i in points.front] == sorted(points.x[i] for i in points.front)
        assert points.winner is not None
        assert points.y[points.winner] == max(points.y)


def test_the_front_of_several_objectives_grows(found):
    run = SearchRun.load(found / "pareto")
    numbers, volumes, members = growth(run)
    assert volumes == sorted(volumes)
    assert volumes[-1] == 1.0
    assert members[-1] == len(load(found / "pareto" / "best.json")["front"])
    assert {member.architecture for member in run.front} == {
        row["architecture"] for row in load(found / "pareto" / "best.json")["front"]
    }
    assert numbers[-1] <= len(run.candidates)


def test_an_unfinished_search_says_so(found):
    (part,) = pages_in(found / "unfinished")
    count = len(load(found / "unfinished" / "search.json")["candidates"])
    assert f"has not finished: {count} of 60 architectures" in part.notices[0]


def test_the_star_of_an_unfinished_front_is_its_compromise(found):
    """What the caption says, the best mean rank, and not the first by the first objective."""
    run = SearchRun.load(found / "unfinished")
    points = against_goal(run, 1)
    star = run.candidates[points.indices[points.winner]]
    assert star == run.best != run.ranking[0]

    def mean_rank(i):
        return sum((run.merits[run.order] > run.merits[i]).sum(axis=0))

    assert mean_rank(run.best_index) == min(mean_rank(i) for i in run.front_indices)
    assert run.page().subject == star.architecture
    (row,) = [row for row in run.table().rows if str(row[0]).endswith("*")]
    assert row[1] == star.architecture
    assert run.result()["best"]["architecture"] == star.architecture


@pytest.mark.parametrize("name", ["search", "darts", "pareto"])
def test_the_result_is_what_the_candidates_say(found, name):
    written = load(found / name / "best.json")
    again = json.loads(json.dumps(SearchRun.load(found / name).result()))
    del written["provenance"], again["provenance"]  # each file has its own time
    assert again == written


@pytest.mark.parametrize(("half", "said"), [("report", 0), ("choose", 1), ("both", 1)])
def test_own_proxies_on_the_half_they_were_tuned_on_are_marked(found, tmp_path, half, said):
    result = load(found / "benchmark" / "benchmark.json")
    result["selection"]["half"] = half
    (tmp_path / "benchmark.json").write_text(json.dumps(result))
    (part,) = pages_in(tmp_path)
    assert len(part.notices) == said
    assert not said or "only the report half is a fair comparison" in part.notices[0]


def test_undefined_values_are_last_and_drawn_as_dashes(found, tmp_path):
    result = load(found / "benchmark" / "benchmark.json")
    table = result["ranking"]
    first, columns = table["proxy"][0], len(result["columns"]) + 1
    for name in ("value", "low", "high"):
        table[name] = [None if p == first else v for p, v in zip(table["proxy"], table[name], strict=True)]
    (tmp_path / "benchmark.json").write_text(json.dumps(result))
    (part,) = pages_in(tmp_path)
    assert part.charts[0].data.rows[-1] == (first, *["–"] * columns)
    assert part.charts[0].inline(WIDE, "x").count(">–<") == columns


def test_attacks_stand_by_size_with_their_worst_case(found):
    result = load(found / "training" / "evaluation" / "evaluation.json")
    run = EvaluationRun.load(found / "training" / "evaluation")
    assert json.loads(json.dumps(run.result())) == result
    bars = attack_bars(run.summary)
    assert bars[0].label == "clean"
    together = {bar.size: bar.accuracy for bar in bars if bar.label == TOGETHER}
    assert together == {size: row["accuracy"] for size, row in result["worst_case"].items()}
    assert all(bar.interval[0] <= bar.accuracy <= bar.interval[1] for bar in bars if bar.interval)
    grouped = by_group(run.summary.corruptions)
    assert sum(len(row) for members in grouped.values() for row in members.values()) == 75


def test_the_worst_attack_is_not_the_check_for_masking(found):
    result = load(found / "training" / "evaluation" / "evaluation.json")
    evaluation = pages_in(found / "training")[1]
    worst = next(fact for fact in evaluation.facts if fact.label == "under the worst")
    assert worst.value == percent(min(row["accuracy"] for row in result["worst_case"].values()))


def graphs(name, text):
    space = open_space(name)
    return graphs_of(space, space.parse(text))


def test_cells_become_graphs():
    (cell,) = graphs(
        "nasbench201", "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|"
    )
    assert [(e.source, e.target, e.label) for e in cell.edges] == [
        (0, 1, "conv 3×3"), (0, 2, "none"), (1, 2, "skip"),
        (0, 3, "avg pool"), (1, 3, "conv 1×1"), (2, 3, "none"),
    ]  # fmt: skip
    pairs = tuple(("sep_conv_5x5", i % 2) for i in range(8))
    normal, reduction = graphs("darts", str(Genotype(pairs, (2, 3, 4, 5), pairs, (2, 3, 4, 5))))
    for one in (normal, reduction):
        assert [e.source for e in one.edges if e.joined] == [2, 3, 4, 5]
    assert [(e.source, e.target) for e in normal.operations][:4] == [(0, 2), (1, 2), (0, 3), (1, 3)]
    (robnet,) = graphs("robnet", EXAMPLE)
    assert len(robnet.operations) == 14
    assert operation_label("max_pool_3x3") == "max pool 3×3"


def test_a_space_without_graphs_has_no_drawing():
    assert graphs_of(object(), "an architecture") == ()


def test_equal_data_give_equal_drawings_and_numbers_keep_their_digits(found):
    chart = pages_in(found / "search")[0].charts[0]
    one = chart.inline(NARROW, "a")
    assert one == chart.inline(NARROW, "a")
    assert not re.search(r"#[0-9a-f]{6}\b", one), "a colour that night does not change"
    assert not re.search(r'id="(?!a-)', one)
    training = pages_in(found / "training")[0]
    rate = next(chart for chart in training.charts if chart.name == "training-lr")
    assert ">0.08<" in rate.inline(WIDE, "b") or ">0.080<" in rate.inline(WIDE, "b")


def test_many_points_are_thinned_but_not_few():
    x = np.random.default_rng(0).normal(size=20_000)
    kept = thinned(list(x), list(x**2))
    assert len(kept) <= 2 * MOST
    assert kept == sorted(set(kept))
    assert thinned([1.0, 1.0], [2.0, 2.0]) == [0, 1]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (1234.0, "1,234"),
        (-0.10437, "−0.1044"),
        (90.364, "90.36"),
        (1e-7, "1.000e−07"),
    ],
)
def test_numbers_as_text(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (830426, "830 k"), (1073466, "1.07 M"), (999, "999")]
)
def test_sizes_as_text(value, text):
    assert millions(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.714, ".71"), (-0.04, "−.04"), (1.0, "1.00"), (-0.001, ".00"), (None, "–")]
)
def test_correlations_as_text(value, text):
    assert correlation(value) == text
