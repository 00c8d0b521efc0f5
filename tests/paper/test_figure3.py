import math
import struct
from dataclasses import replace

import numpy as np
import pytest

from croze.errors import CrozeError
from croze.paper.figure3 import chart, models_text, notes, panels, tables
from croze.paper.simulation import Curve, GuideScores, Simulation, TabularMoves, targets_of
from croze.proxies import DEFAULT
from croze.spaces.nasbench201 import NASBench201
from croze.spaces.nasbench201.cell import every_cell
from croze.truth import Provenance, Truth

CLEAN = np.array([0.9, 0.935, 0.95, 0.5, 0.5, 0.2])
FGSM = np.array([0.1, 0.45, 0.3, 0.3, 0.3, 0.2])
# three runs of four models: the second never reaches 93.5%
BEST = np.array([[0.9, 0.9, 0.935, 0.935], [0.2, 0.5, 0.9, 0.9], [0.95, 0.95, 0.95, 0.95]])


def curve(target, strategy, guide="", best=BEST, models=(3, math.inf, 1)):
    return Curve(strategy, guide, target, best, np.array(models, dtype=float))


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
        GuideScores("params", "params", np.ones(6), 5),
        GuideScores(DEFAULT, "logrank(a,b)", np.ones(6), 5, 2, "jacob-cov: the first | reason"),
    )
    curves = (
        curve("clean", "random"),
        curve("clean", "evolution+warmup", "params", BEST[::-1] + 0.01, (1, 1, 1)),
        curve("clean", "evolution+warmup", DEFAULT, BEST[::-1], (1, math.inf, math.inf)),
        curve("fgsm@8", "random", "", BEST / 3, (math.inf,) * 3),
        curve("fgsm@8", "evolution+warmup", "params", BEST / 3, (math.inf,) * 3),
        curve("fgsm@8", "evolution+warmup", DEFAULT, BEST / 3, (math.inf,) * 3),
    )
    return Simulation((clean, fgsm), guides, curves, moves, {"pool": 5, "population": 2}, 3, 4, 0)


def test_the_models_to_reach_a_goal(found):
    _, reaching, _, unreachable, _, _ = tables(found)
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
    _, _, best, *_ = tables(found)
    assert best.head == ("strategy", "guide", "1", "3", "4")
    assert best.rows[0] == ("RAND", "", "68.33 (34.00–94.00)", "92.83 (90.70–94.70)", "92.83 (90.70–94.70)")
    assert "10% and 90% quantiles" in best.note


def test_the_guides_with_their_failures(found):
    *_, guides = tables(found)
    assert guides.rows == (
        ("`params`", "", "5", "0", ""),
        (f"`{DEFAULT}`", "logrank(a,b)", "5", "2", "jacob-cov: the first | reason"),
    )
    assert len(tables(replace(found, guides=()))) == 5


def test_what_the_goals_ask(found):
    clean, fgsm = tables(found)[0].rows
    # two of five classes reach it; strings 1, 1 and the others 1, 2, 1: 1 + 1/3 + 2/4 + 1/3
    assert clean == (
        *("clean 93.5%", "robust-nb201", "2 of 5 distinct cells, 40.0%", "95.00", "2.2"),
        "1 of 3 runs did not reach it",
    )
    assert fgsm == ("FGSM-8 46%", "robust-nb201", "0 of 5 distinct cells, 0.0%", "45.00", "-", "-")
    all_there = replace(found, curves=(curve("clean", "random", models=(3, 2, 1)), *found.curves[3:]))
    assert tables(all_there)[0].rows[0][-1] == "2.0 ± 0.6"
    one = replace(all_there, runs=1, curves=(curve("clean", "random", models=(2,)), *found.curves[3:]))
    assert tables(one)[0].rows[0][-1] == "2.0"


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
    assert [(one.label, one.guide) for one in panel.curves] == [("RAND", ""), ("AE+warmup", "params")]
    np.testing.assert_allclose(panel.curves[0].mean, BEST.mean(axis=0))
    np.testing.assert_allclose(panel.curves[1].mean, BEST.mean(axis=0) + 0.01)
    np.testing.assert_allclose(panel.curves[0].band, np.quantile(BEST, (0.1, 0.9), axis=0))
    assert (panel.goal, panel.best) == (93.5, 95.0)
    for row in rows:
        for one in row:
            assert one.bottom < min(one.goal, *(100 * line.mean[-1] for line in one.curves))
    assert rows[0][0].bottom == rows[1][0].bottom


def test_the_figure_of_strategies_without_a_guide(found):
    alone = replace(found, guides=(), curves=tuple(c for c in found.curves if not c.guide))
    assert [[p.guide for p in row] for row in panels(alone)] == [["", ""]]


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_figure_is_written(found, tmp_path, ending):
    path = tmp_path / "below" / f"figure.{ending}"
    chart(found).save(path)
    assert path.stat().st_size > 1000
    if ending == "png":
        width, height = struct.unpack(">II", path.read_bytes()[16:24])
        assert (width, height) == (2166, 1520)


def test_a_figure_of_one_model(found, tmp_path):
    short = tuple(replace(c, best=c.best[:, :1]) for c in found.curves)
    chart(replace(found, curves=short, budget=1)).save(tmp_path / "figure.svg")
    assert (tmp_path / "figure.svg").stat().st_size > 1000


def test_a_figure_that_cannot_be_written(found, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CrozeError, match="Cannot write the figure"):
        chart(found).save(tmp_path / "file" / "figure.png")


def test_the_notes_say_how_to_read_it(found):
    text = "\n".join(notes(found, "both"))
    for part in (
        "The strategy receives this test accuracy",
        "A pool is 5 strings, 4 distinct cells on average",
        "Settings: pool 5, population 2, tournament 10.",
        "An aggregate ranks all 5 distinct cells here",
        f"`{DEFAULT}` was chosen on the choose half; both halves are used here, which favours it",
    ):
        assert part in text, part
    assert "different accuracies; the value of a class is the mean" not in text


def test_the_notes_say_which_half_and_whose_clean_accuracies(found):
    report = "\n".join(notes(found, "report"))
    assert "Strategies are restricted to the report half" in report
    assert "no cell used here was involved" in report
    assert "should not be quoted" in "\n".join(notes(found, "choose"))
    alone = replace(found, guides=found.guides[:1])
    assert DEFAULT not in "\n".join(notes(alone, "both"))
    theirs = replace(found, targets=(replace(found.targets[0], source="nasbench201"), found.targets[1]))
    assert "the value of a class is the mean over its strings" in "\n".join(notes(theirs, "both"))


def test_the_tables_as_markdown(found):
    text = "\n\n".join(table.markdown() for table in tables(found))
    assert "## Goals" in text
    assert "| RAND |  | 1 | 1 | 3 | > 4 | > 4 | 1 of 3 | 1.0 |" in text
    assert "jacob-cov: the first \\| reason" in text


def test_the_terminals_tables(found):
    _, reaching, best, *_, guides = tables(found)
    assert reaching.head[:3] == ("strategy", "guide", "10%")
    assert " 68.33 \n" in best.terminal(160).replace("  ", " \n")
    assert "(34.00–94.00)" in best.terminal(160)
    assert best.note.startswith("By number of trained models")
    assert [row[0].strip("`") for row in guides.rows] == ["params", DEFAULT]
    assert reaching.note == ""
