import shutil

import pytest

from croze.scoring.evaluator import Evaluator

TINY = ("--channels", "2", "--cells", "1", "--workers", "1", "--resamples", "20", "--images", "160")
QUICK = ("reproduce", "figure5", *TINY, "--form", "croze-positional", "--steps", "2")


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """Where the pool of this module lies."""
    return tmp_path_factory.mktemp("pool") / "p"


@pytest.fixture
def filled(croze, pool):
    """Three cells trained for an epoch by `croze pool train`."""
    if not pool.exists():
        done = croze(
            "pool", "train", "--cells", 3, "--channels", 2, "--cells-per-stage", 1, "--images", 100,
            "--test-images", 20, "--epochs", 1, "--corruptions", "none", "--attacks", "fgsm", "--workers", 1,
            "--out", pool,
        )  # fmt: skip
        assert done.code == 0, done.err
    return pool


def test_the_result_and_the_second_run(croze, tmp_path, monkeypatch):
    arguments = (*QUICK, "--sample", 4, "--json", "-")
    outcome = croze(*arguments, "--plot", "docs/figures/f.png", "--page", "docs/page.md")
    assert outcome.code == 0, outcome
    result = outcome.json
    assert result["cells"] == {"chosen": 4, "n": 4}
    assert [p["part"] for p in result["predictions"][:4]] == [
        "product",
        "features",
        "parameters",
        "gradients",
    ]
    assert {p["to"] for p in result["predictions"]} == {"2 steps"}
    assert (tmp_path / "docs/figures/f.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "docs/page.md").read_text()
    assert "](figures/f.png)" in page
    assert "$ croze reproduce figure5" in page
    assert "2 steps: SGD with lr 0.1, momentum 0.9, weight decay 0.0001, batch 64" in page
    assert "rho, 2 steps" in outcome.err
    assert "Written: docs/figures/f.png, docs/page.md" in outcome.err

    def computed(self, request):
        raise AssertionError("computed again")

    monkeypatch.setattr(Evaluator, "__call__", computed)
    assert croze(*arguments).json["predictions"] == result["predictions"]


def test_no_step_is_the_single_step_state(croze):
    result = croze(*QUICK, "--sample", 3, "--steps", 0, "--json", "-").json
    assert {p["spearman"] for p in result["predictions"]} == {1.0}


def test_a_pool_of_trained_cells(croze, filled, tmp_path):
    outcome = croze(*QUICK, "--form", "croze-positional,croze-official", "--pool", filled, "--json", "-")
    assert outcome.code == 0, outcome
    result = outcome.json
    assert result["cells"]["chosen"] == 3
    assert {p["to"] for p in result["predictions"]} == {"2 steps", "full training"}
    assert "full training: the best epoch of 3 trainings" in " ".join(result["basis"])


def test_what_a_pool_was_trained_with_is_asked_for(refused, filled):
    where = (*QUICK, "--pool", filled)
    assert "was trained with the seed 0, scores are asked for with 5" in refused(*where, "--score-seed", 5)
    assert "A sample of 9 cells cannot be drawn" in refused(*where, "--sample", 9)


def test_a_training_without_weights(refused, filled, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(filled, copy)
    (copy / "cells" / "0001" / "best.safetensors").unlink()
    assert "has finished no epoch yet" in refused(*QUICK, "--pool", copy)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pool", "."], "pool.json does not exist: name the folder of a pool"),
        (["--form", "params"], "params has no components"),
        (["--sample", "2"], "at least 3 cells in every state, got 1 forms and 2 cells"),
        (["--images", "5000"], "Cannot train on 5000 images of digits"),
        (["--space", "nowhere"], "Unknown space 'nowhere'"),
        (["--plot", "figure.gif"], "must end in .png"),
        (["--page", "."], "--page takes the name of a file, got the folder"),
        (["--out", " "], "--out takes the name of a folder, got an empty one"),
    ],
)
def test_bad_input_is_one_line(refused, arguments, message):
    assert message in refused(*QUICK, *arguments)


def test_misuse(misused):
    assert "--steps" in misused("reproduce", "figure5", "--steps", "-1")
