import json
import sys

import numpy as np
import pytest

from croze.scoring.evaluator import Evaluator
from croze.spaces.nasbench201 import Cell, NASBench201
from croze.spaces.nasbench201.cell import every_cell
from croze.truth.robust_nasbench201 import ATTACKS

SPACE = NASBench201(4, 1)
TINY = ("--channels", "4", "--cells-per-stage", "1", "--workers", "1", "--runs", "3", "--budget", "12")
FEW = (*TINY, "--pool", "15", "--population", "4", "--tournament", "2", "--guides", "params,l2-norm")
CELLS = [cell for cell in every_cell() if set(cell.operations[2:]) <= {"nor_conv_1x1", "nor_conv_3x3"}][::8]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A truth folder of some 80 cells in the published layout, and a CSV of the same cells."""
    root = tmp_path_factory.mktemp("truth")
    (root / "cifar10").mkdir()
    first = {}
    twins = [first.setdefault(SPACE.canonical(cell), i) for i, cell in enumerate(CELLS)]
    ids = {
        str(i): {"nb201-string": str(cell), "isomorph": str(twin)}
        for i, (cell, twin) in enumerate(zip(CELLS, twins, strict=True))
    }
    (root / "meta.json").write_text(
        json.dumps({"ids": ids, "epsilons": {key: [4.0, 8.0] for key in ATTACKS}})
    )
    rng = np.random.default_rng(7)
    for key, width in {"clean": 0, "fgsm@Linf": 2}.items():
        values = {str(t): rng.random(width).tolist() if width else float(rng.random()) for t in set(twins)}
        content = {"cifar10": {key: {"accuracy": values}}}
        (root / "cifar10" / f"{key}_accuracy.json").write_text(json.dumps(content))
    lines = [f"{cell},{90 + i / 100}" for i, cell in enumerate(CELLS)]
    (root / "clean.csv").write_text("\n".join(["arch,cifar10_test_accuracy", *lines]) + "\n")
    return root


@pytest.fixture(scope="module")
def truth(folder):
    return f"robust-nb201:{folder}"


def timeless(result):
    return {key: value for key, value in result.items() if key not in ("provenance", "basis")}


def test_the_result_and_the_second_run(croze, truth, tmp_path, monkeypatch):
    arguments = ("simulate", "--truth", truth, *FEW, "--target", "clean=90,fgsm-8=95", "--out", "scores")
    outcome = croze(*arguments, "--json", "-", "--plot", "docs/figures/f.png", "--page", "docs/page.md")
    assert outcome.code == 0
    result = outcome.json
    assert [target["column"] for target in result["targets"]] == ["clean", "fgsm@8"]
    assert [guide["guide"] for guide in result["guides"]] == ["params", "l2-norm"]
    assert len(result["curves"]) == 2 * (2 + 4 * 2)
    for curve in result["curves"]:
        mean = curve["best_so_far"]["mean"]
        assert len(mean) == 12
        assert mean == sorted(mean)
    assert result["cells"]["strings"] == len(CELLS)
    assert result["settings"] == {"pool": 15, "population": 4, "tournament": 2}
    assert result["half"] == "both"
    assert (tmp_path / "docs/figures/f.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "docs/page.md").read_text()
    assert "](figures/f.png)" in page
    for text in (
        "$ croze simulate --truth",
        "cells: both halves, ",
        f"{len(CELLS)} strings; 3 runs of each strategy, at most 12 trained models, seed 0",
        "untrained, weights from seed 0, on 8 images of digits, drawn balanced over the classes (batch ",
        "meta.json ",
    ):
        assert text in page, text
    for text in ("Trained models until clean reaches 90%", "AE+warmup+move", "distinct cells,"):
        assert text in outcome.err
        assert text in page
    assert "Written: docs/figures/f.png, docs/page.md" in outcome.err

    def computed(self, request):
        raise AssertionError("computed again")

    monkeypatch.setattr(Evaluator, "__call__", computed)
    assert timeless(croze(*arguments, "--json", "-").json) == timeless(result)


def test_scores_of_a_benchmark_serve_again(croze, truth, monkeypatch):
    tiny = TINY[:6]
    assert (
        croze("benchmark", "--truth", truth, *tiny, "--proxies", "params,l2-norm", "--cells", "distinct").code
        == 0
    )

    def computed(self, request):
        raise AssertionError("computed again")

    monkeypatch.setattr(Evaluator, "__call__", computed)
    assert croze("simulate", "--truth", truth, *FEW).code == 0


def test_clean_accuracies_from_a_file(croze, truth, folder):
    outcome = croze(
        *("simulate", "--truth", truth, "--clean", folder / "clean.csv", *TINY, "--target", "clean=90.5"),
        *("--strategies", "RAND,AE", "--population", 4, "--tournament", 2, "--json", "-"),
    )
    (target,) = outcome.json["targets"]
    assert target["source"] == "nasbench201"
    best = max(90 + i / 100 for i in range(len(CELLS)))
    assert target["best"] == pytest.approx(best / 100, abs=0.002)
    assert outcome.json["guides"] == []
    assert [curve["strategy"] for curve in outcome.json["curves"]] == ["random", "evolution"]
    assert "clean.csv" in " ".join(outcome.json["basis"])


def test_the_file_alone_is_a_truth(croze, folder):
    outcome = croze(
        *(
            "simulate",
            "--truth",
            f"nasbench201:{folder / 'clean.csv'}",
            *FEW,
            "--target",
            "clean=90.5",
            "--json",
            "-",
        )
    )
    assert outcome.json["targets"][0]["source"] == "nasbench201"
    assert len(outcome.json["curves"]) == 10


@pytest.mark.parametrize("half", ["choose", "report"])
def test_a_half(croze, truth, half):
    result = croze("simulate", "--truth", truth, *FEW, "--half", half, "--json", "-").json
    assert 0 < result["cells"]["distinct"] < len(CELLS)
    assert result["guides"][0]["cells"] == result["cells"]["distinct"]


def test_cells_on_which_a_guide_fails_are_counted(croze, truth, monkeypatch):
    build = NASBench201.build

    def sometimes(self, cell, **settings):
        if cell.operations[0] == "nor_conv_3x3":
            raise RuntimeError("not this [/one]")
        return build(self, cell, **settings)

    monkeypatch.setattr(NASBench201, "build", sometimes)
    outcome = croze("simulate", "--truth", truth, *FEW, "--json", "-")
    failures = {guide["guide"]: guide["failures"] for guide in outcome.json["guides"]}
    expected = len({SPACE.canonical(c) for c in CELLS if first_of_class(c).operations[0] == "nor_conv_3x3"})
    assert failures == {"params": expected, "l2-norm": expected}
    assert expected > 0
    assert "not this [/one]" in outcome.err


def first_of_class(cell: Cell) -> Cell:
    return next(other for other in CELLS if SPACE.canonical(other) == SPACE.canonical(cell))


def test_no_matplotlib_is_found_out_before_scoring(refused, truth, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert "pip install 'croze[plot]'" in refused(
        "simulate", "--truth", truth, *FEW, "--plot", "figure.png", "--out", "s"
    )
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--truth", "nowhere:/x"], "Unknown benchmark 'nowhere'"),
        (["--dataset", "svhn"], "svhn"),
        (["--half", "left"], "A half is choose, report or both, got 'left'"),
        (["--target", "clean"], "Targets are NAME=PERCENT"),
        (["--target", "pgd-8=3"], "no column 'pgd@8'"),
        (["--clean", "nowhere.csv"], "Cannot read the accuracies nowhere.csv"),
        (["--guides", "params,nothing"], "Unknown proxy 'nothing'"),
        (["--strategies", "random,annealing"], "Unknown algorithm 'annealing'"),
        (["--strategies", "random"], "None of the strategies random has a setting pool"),
        (["--population", "20"], "pool 15, population 20"),
        (["--plot", "figure.jpeg"], "must end in .png, .svg, .pdf"),
        (["--page", "."], "--page takes the name of a file, got the folder"),
        (["--data", "mnist"], "mnist"),
        (["--out", " "], "--out takes the name of a folder, got an empty one"),
    ],
)
def test_bad_input_is_one_line(refused, truth, arguments, message):
    named = [] if "--truth" in arguments else ["--truth", truth]
    assert message in refused("simulate", *named, *FEW, *arguments)


def test_a_truth_has_to_be_named(misused):
    assert "--truth" in misused("simulate")
    assert "--runs" in misused("simulate", "--truth", "x", "--runs", "0")
