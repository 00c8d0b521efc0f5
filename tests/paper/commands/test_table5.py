import json

import numpy as np
import pytest

from croze.corruptions.names import CORRUPTIONS
from croze.scoring.evaluator import Evaluator
from croze.scoring.population import draw
from croze.spaces.nasbench201 import NASBench201
from croze.truth.robust_nasbench201 import ATTACKS

CELLS = draw(NASBench201(), 12, 0)
TINY = ("--channels", "2", "--cells-per-stage", "1", "--workers", "1", "--resamples", "20")
QUICK = (*TINY, "--form", "croze-positional")


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    """A truth folder of some cells in the published layout: clean, FGSM and all corruptions."""
    root = tmp_path_factory.mktemp("truth")
    (root / "cifar10").mkdir()
    ids = {str(i): {"nb201-string": cell, "isomorph": str(i)} for i, cell in enumerate(CELLS)}
    (root / "meta.json").write_text(
        json.dumps({"ids": ids, "epsilons": {key: [4.0, 8.0] for key in ATTACKS}})
    )
    rng = np.random.default_rng(3)
    for key, width in {"clean": 0, "fgsm@Linf": 2, **dict.fromkeys(CORRUPTIONS, 5)}.items():
        values = {i: rng.random(width).tolist() if width else float(rng.random()) for i in ids}
        content = {"cifar10": {key: {"accuracy": values}}}
        (root / "cifar10" / f"{key}_accuracy.json").write_text(json.dumps(content))
    return f"robust-nb201:{root}"


def test_the_result_and_the_second_run(croze, truth, tmp_path, monkeypatch):
    arguments = ("reproduce", "table5", "--truth", truth, *QUICK)
    outcome = croze(*arguments, "--json", "-", "--page", "docs/table5.md")
    assert outcome.code == 0, outcome
    result = outcome.json
    assert [row["components"] for row in result["rows"]] == ["F", "F+P", "F+G", "P+G", "F+P+G"]
    assert {row["n"] for row in result["rows"]} <= {result["cells"]} == {len(CELLS)}
    assert result["rows"][0]["best"]["architecture"] in CELLS
    assert result["scored_on"]["images"] == 8
    page = (tmp_path / "docs/table5.md").read_text()
    for text in ("croze-positional: selected cells", "F+P+G", "best by Avg.", "64.49"):
        assert text in outcome.err
        assert text in page
    assert "$ croze reproduce table5 --truth" in page
    assert "cells: 12 distinct ones of robust-nb201, cifar10, all" in page
    assert "which all of the paper's sets except F select, is not among them" in page

    def computed(self, request):
        raise AssertionError("computed again")

    monkeypatch.setattr(Evaluator, "__call__", computed)
    again = croze(*arguments, "--json", "-").json
    assert again["rows"] == result["rows"]
    assert (
        croze("reproduce", "table5", "--truth", truth, *QUICK, "--sample", 5, "--json", "-").json["cells"]
        == 5
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--form", "croze-paper,params"], "params has no components"),
        (["--form", "croze-private"], "Unknown proxy 'croze-private'"),
        (["--sample", "13"], "A sample of 13 cannot be drawn"),
        (["--sample", "2"], "at least 3 cells, got 1 forms and 2 cells"),
        (["--truth", "nowhere:/x"], "Unknown benchmark 'nowhere'"),
        (["--page", "."], "--page takes the name of a file, got the folder"),
        (["--out", ""], "--out takes the name of a folder, got an empty one"),
        (["--data", "mnist"], "mnist"),
    ],
)
def test_bad_input_is_one_line(refused, truth, arguments, message):
    named = [] if "--truth" in arguments else ["--truth", truth]
    form = [] if "--form" in arguments else ["--form", "croze-positional"]
    assert message in refused("reproduce", "table5", *named, *TINY, *form, *arguments)


def test_misuse(misused, truth):
    assert "--truth" in misused("reproduce", "table5")
    assert "--sample" in misused("reproduce", "table5", "--truth", truth, "--sample", "0")


def test_the_group_names_its_commands(croze):
    outcome = croze("reproduce", "--help")
    assert outcome.code == 0
    assert "figure5" in outcome.out
    assert "table5" in outcome.out
