import json

import numpy as np
import pytest
from scipy.stats import spearmanr

from croze.scoring.evaluator import Evaluator
from croze.spaces.nasbench201.isomorphism import every_cell
from croze.truth import halves, open_truth

CELLS = [str(cell) for cell in every_cell()[5000:15000:1200]]
TINY = ("--channels", 4, "--cells-per-stage", 1, "--workers", 1, "--cells", "all")


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    root = tmp_path_factory.mktemp("truth")
    (root / "cifar10").mkdir()
    ids = {str(i): {"nb201-string": cell, "isomorph": str(i)} for i, cell in enumerate(CELLS)}
    (root / "meta.json").write_text(json.dumps({"ids": ids, "epsilons": {}}))
    accuracies = {
        str(i): round(float(v), 3) for i, v in enumerate(np.random.default_rng(1).random(len(CELLS)))
    }
    content = {"cifar10": {"clean": {"accuracy": accuracies}}}
    (root / "cifar10" / "clean_accuracy.json").write_text(json.dumps(content))
    return f"robust-nb201:{root}"


def test_draws_are_scored_once_and_compared(croze, truth, tmp_path, monkeypatch):
    arguments = (
        *("spread", "--truth", truth, "--proxies", "params,naswot", "--sample", len(CELLS), *TINY),
        *("--seeds", 2, "--batches", 3, "--out", "scores", "--page", "page.md"),
    )
    outcome = croze(*arguments)
    assert outcome.code == 0, outcome.err
    result = json.loads((tmp_path / "scores" / "spread.json").read_text())
    assert [(one["varied"], one["half"]) for one in result["spread"]] == [
        (what, half) for what in ("initial weights", "batch") for half in ("both", "report", "choose")
    ]
    weights, batch = result["spread"][0], result["spread"][3]
    assert (weights["varied"], weights["draws"]) == ("initial weights", [0, 1])
    assert (batch["varied"], batch["draws"]) == ("batch", [0, 1, 2])
    draws = {(draw["weights"], draw["batch"]): draw["scores"] for draw in result["cells"]["draws"]}
    assert list(draws) == [(0, 0), (1, 0), (0, 1), (0, 2)]
    scores = [draws[key]["naswot"] for key in ((0, 0), (1, 0))]
    assert scores[0] != scores[1]
    assert weights["rows"][1]["agreement"] == pytest.approx(spearmanr(*scores).statistic)
    known = open_truth(truth, "cifar10")
    report = halves(known)[[known.lookup(cell) for cell in result["cells"]["architecture"]]] == 1
    values = known.values("clean")[[known.lookup(cell) for cell in result["cells"]["architecture"]]]
    assert 3 <= report.sum() < len(CELLS)
    assert [one["cells"] for one in result["spread"][:3]] == [len(CELLS), report.sum(), (~report).sum()]
    of_report = result["spread"][1]["rows"][1]
    parts = [np.array(draw)[report] for draw in scores]
    assert of_report["agreement"] == pytest.approx(spearmanr(*parts).statistic)
    assert of_report["columns"]["clean"]["rho"] == pytest.approx(
        [spearmanr(part, values[report]).statistic for part in parts]
    )
    assert weights["rows"][0]["columns"]["clean"]["deviation"] == pytest.approx(0.0, abs=1e-12)
    page = (tmp_path / "page.md").read_text()
    for half in ("both halves", "report half", "choose half"):
        assert f"Ranks averaged over batch, {half}" in page

    def computed(self, request):
        raise AssertionError("computed again")

    monkeypatch.setattr(Evaluator, "__call__", computed)
    assert croze(*arguments).code == 0


def test_bad_input_is_one_line(refused, truth):
    assert "A sample of 99 cannot be drawn" in refused("spread", "--truth", truth, "--sample", 99)
    assert "Unknown proxy 'nothing'" in refused("spread", "--truth", truth, "--proxies", "nothing")
