import math
import struct
from dataclasses import replace

import numpy as np
import pytest
from croze.ranking.proxy_page import Scoring

from croze.errors import CrozeError
from croze.paper.simulation import Course, Opinions, Simulation, TabularMoves, targets_of
from croze.paper.simulation_page import Basis, render
from croze.paper.simulation_plot import draw_simulation, panels
from croze.paper.simulation_sheets import goals, models_text, sheets
from croze.proxies import DEFAULT
from croze.spaces.nasbench201 import NASBench201
from croze.spaces.nasbench201.isomorphism import every_cell
from croze.truth import Provenance, Truth

CLEAN = np.array([0.9, 0.935, 0.95, 0.5, 0.5, 0.2])
FGSM = np.array([0.1, 0.45, 0.3, 0.3, 0.3, 0.2])
# three runs of four models: the second never reaches 93.5%
BEST = np.array([[0.9, 0.9, 0.935, 0.935], [0.2, 0.5, 0.9, 0.9], [0.95, 0.95, 0.95, 0.95]])
BASIS = Basis(
    "croze simulate --truth x",
    "robust-nb201",
    "cifar10",
    {"meta.json": "0123456789abcdef"},
    "both",
    "NASBench201(channels=2, cells=1)",
    7,
    Scoring("digits", "balanced over the classes", 8, "fedcba9876543210", 5),
    {"croze": "1", "torch": "2"},
)


def course(target, strategy, guide="", best=BEST, models=(3, math.inf, 1)):
    return Course(strategy, guide, target, best, np.array(models, dtype=float))


@pytest.fixture(scope="module")
def found():
    cells = tuple(map(str, every_cell()[6000:12000:1000]))
    twin = np.array([0, 1, 2, 3, 3, 5])
    truth = Truth(
        "robust-nb201", "cifar10", cells, twin, {"clean": CLEAN, "fgsm@8": FGSM}, Provenance("", {})
    )
    clean, fgsm = targets_of(truth, {"clean": 0.935, "fgsm@8": 0.46})
    moves = TabularMoves(truth, NASBench201(2, 1), np.arange(6))
    guides = (
        Opinions("params", "params", np.ones(6), 5),
        Opinions(DEFAULT, "logrank(a,b)", np.ones(6), 5, 2, "jacob-cov: the first | reason"),
    )
    courses = (
        course("clean", "random"),
        course("clean", "evolution+warmup", "params", BEST[::-1] + 0.01, (1, 1, 1)),
        course("clean", "evolution+warmup", DEFAULT, BEST[::-1], (1, math.inf, math.inf)),
        course("fgsm@8", "random", "", BEST / 3, (math.inf,) * 3),
        course("fgsm@8", "evolution+warmup", "params", BEST / 3, (math.inf,) * 3),
        course("fgsm@8", "evolution+warmup", DEFAULT, BEST / 3, (math.inf,) * 3),
    )
    return Simulation((clean, fgsm), guides, courses, moves, {"pool": 5, "population": 2}, 3, 4, 0)


def test_the_models_to_reach_a_goal(found):
    reaching, _, unreachable, _, _ = sheets(found)
    assert reaching.title == "Trained models until clean reaches 93.5%"
    assert reaching.head == (
        *("strategy", "guide", "10%", "25%", "median", "75%", "90%", "not reached", "times fewer"),
    )
    assert reaching.rows == (
        ("RAND", "", "1", "1", "3", "> 4", "> 4", "1 of 3", "1.0"),
        ("AE+warmup", "params", "1", "1", "1", "1", "1", "0 of 3", "3.0"),
        ("AE+warmup", DEFAULT, "1", "1", "> 4", "> 4", "> 4", "2 of 3", "-"),
    )
    assert unreachable.title == "Trained models until FGSM-8 reaches 46%"
    assert {row[2:] for row in unreachable.rows} == {("> 4",) * 5 + ("3 of 3", "-")}


def test_the_best_so_far(found):
    _, best, *_ = sheets(found)
    assert best.head == ("strategy", "guide", "1", "3", "4")
    assert best.rows[0] == ("RAND", "", "68.33 (34.00–94.00)", "92.83 (90.70–94.70)", "92.83 (90.70–94.70)")
    assert "10% and 90% quantiles" in best.note


def test_the_guides_with_their_failures(found):
    *_, guides = sheets(found)
    assert guides.rows == (
        ("`params`", "", "5", "0", ""),
        (f"`{DEFAULT}`", "logrank(a,b)", "5", "2", "jacob-cov: the first | reason"),
    )
    assert len(sheets(replace(found, guides=()))) == 4


def test_what_the_goals_ask(found):
    clean, fgsm = goals(found)
    # two of five classes reach it; strings 1, 1 and the others 1, 2, 1: 1 + 1/3 + 2/4 + 1/3
    assert clean == (
        "clean 93.5% (robust-nb201): 2 of 5 distinct cells reach it (40.0%), the best has 95.00%. "
        "Random search trains 2.2 models until then, on average and in closed form; 1 of its 3 runs did "
        "not get there."
    )
    assert fgsm == (
        "FGSM-8 46% (robust-nb201): 0 of 5 distinct cells reach it (0.0%), the best has 45.00%. "
        "No search can."
    )
    all_there = replace(found, courses=(course("clean", "random", models=(3, 2, 1)), *found.courses[3:]))
    assert goals(all_there)[0].endswith("; 2.0 in these runs, with a standard error of 0.6.")
    one = replace(all_there, runs=1, courses=(course("clean", "random", models=(2,)), *found.courses[3:]))
    assert goals(one)[0].endswith("; 2.0 in these runs.")


@pytest.mark.parametrize(("models", "text"), [(1.0, "1"), (1234.0, "1,234"), (math.inf, "> 5,000")])
def test_numbers_of_models(models, text):
    assert models_text(models, 5000) == text


def test_the_figures_data(found):
    rows = panels(found)
    assert [[(p.guide, p.target) for p in row] for row in rows] == [
        [("params", "clean"), ("params", "FGSM-8")],
        [(DEFAULT, "clean"), (DEFAULT, "FGSM-8")],
    ]
    panel = rows[0][0]
    assert [(line.label, line.guided) for line in panel.lines] == [("RAND", False), ("AE+warmup", True)]
    np.testing.assert_allclose(panel.lines[0].mean, 100 * BEST.mean(axis=0))
    np.testing.assert_allclose(panel.lines[1].mean, 100 * BEST.mean(axis=0) + 1)
    np.testing.assert_allclose(panel.lines[0].low, 100 * np.quantile(BEST, 0.1, axis=0))
    np.testing.assert_allclose(panel.lines[0].high, 100 * np.quantile(BEST, 0.9, axis=0))
    assert (panel.goal, panel.best) == (93.5, 95.0)
    for row in rows:
        for one in row:
            assert one.bottom < min(one.goal, *(line.mean[-1] for line in one.lines))
    assert rows[0][0].bottom == rows[1][0].bottom


def test_the_figure_of_strategies_without_a_guide(found):
    alone = replace(found, guides=(), courses=tuple(c for c in found.courses if not c.guide))
    assert [[p.guide for p in row] for row in panels(alone)] == [["", ""]]


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_figure_is_written(found, tmp_path, ending):
    path = tmp_path / "below" / f"figure.{ending}"
    draw_simulation(found, path, "title")
    assert path.stat().st_size > 1000
    if ending == "png":
        width, height = struct.unpack(">II", path.read_bytes()[16:24])
        assert (width, height) == (1440, 1140)


def test_a_figure_of_one_model(found, tmp_path):
    short = tuple(replace(c, best=c.best[:, :1]) for c in found.courses)
    draw_simulation(replace(found, courses=short, budget=1), tmp_path / "figure.svg", "title")
    assert (tmp_path / "figure.svg").stat().st_size > 1000


def test_a_figure_that_cannot_be_written(found, tmp_path):
    with pytest.raises(CrozeError, match="must end in"):
        draw_simulation(found, tmp_path / "figure.txt", "title")
    (tmp_path / "file").write_text("")
    with pytest.raises(CrozeError, match="Cannot write the figure"):
        draw_simulation(found, tmp_path / "file" / "figure.png", "title")


def test_the_page_says_what_it_rests_on(found):
    page = render(found, BASIS, "figures/f.png")
    for part in (
        "$ croze simulate --truth x\n",
        "both halves, 5 distinct ones, 6 strings; 3 runs of each strategy, at most 4 trained models, seed 0",
        "untrained, seed 7, on 8 images of digits, drawn balanced over the classes (batch fedcba987654)",
        "meta.json 0123456789ab",
        "![Best accuracy so far against trained models](figures/f.png)",
        "The strategy is told that very accuracy",
        "A pool is 5 strings, which hold 4 distinct cells on average",
        "Settings: pool 5, population 2, tournament 10.",
        "An aggregate ranks all 5 distinct cells here",
        f"`{DEFAULT}` was chosen on the choose half; these are both halves, which flatters it",
        "## The goals\n\n- clean 93.5%",
        "| RAND |  | 1 | 1 | 3 | > 4 | > 4 | 1 of 3 | 1.0 |",
        "jacob-cov: the first \\| reason",
    ):
        assert part in page, part
    assert page.endswith("|\n")
    assert "differ: a class has the mean" not in page
    assert "![" not in render(found, BASIS)


def test_the_page_says_which_half_and_whose_clean_accuracies(found):
    report = render(found, replace(BASIS, half="report"))
    assert "Strategies see the report half only" in report
    assert "no cell here had a part in that" in report
    assert "not for quoting" in render(found, replace(BASIS, half="choose"))
    alone = replace(found, guides=found.guides[:1])
    assert DEFAULT not in render(alone, BASIS).split("## The goals")[0]
    theirs = replace(found, targets=(replace(found.targets[0], source="nasbench201"), found.targets[1]))
    assert "a class has the mean over its strings" in render(theirs, BASIS)


def test_the_terminals_tables(found):
    reaching, best, *_, guides = sheets(found)
    assert reaching.head[:3] == ("strategy", "guide", "10%")
    assert " 68.33 \n" in best.terminal(160).replace("  ", " \n")
    assert "(34.00–94.00)" in best.terminal(160)
    assert best.note.startswith("After so many trained models")
    assert [row[0].strip("`") for row in guides.rows] == ["params", DEFAULT]
    assert reaching.note == ""
