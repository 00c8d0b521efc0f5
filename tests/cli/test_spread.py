import json

import numpy as np
import pytest
from scipy.stats import spearmanr

from croze.ranking import Ranking
from croze.scoring.evaluator import Evaluator
from croze.spaces.nasbench201.cell import every_cell
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
    assert list(result["cells"]) == ["both halves", "report half", "choose half"]
    assert result["draws"] == {"initial weights": [0, 1], "batch": [0, 1, 2]}
    draws = {(draw["weights"], draw["batch"]): draw["scores"] for draw in result["scores"]}
    assert list(draws) == [(0, 0), (1, 0), (0, 1), (0, 2)]
    scores = [draws[key]["naswot"] for key in ((0, 0), (1, 0))]
    assert scores[0] != scores[1]
    at = Ranking.from_json(result).at
    agreement = "agreement over initial weights"
    assert at("naswot", "", "both halves", agreement).value == pytest.approx(spearmanr(*scores).statistic)
    known = open_truth(truth, "cifar10")
    places = [known.lookup(cell) for cell in result["architectures"]]
    report, values = halves(known)[places] == 1, known.values("clean")[places]
    assert 3 <= report.sum() < len(CELLS)
    counts = [entry["n"] for entry in result["cells"].values()]
    assert counts == [len(CELLS), report.sum(), (~report).sum()]
    parts = [np.array(draw)[report] for draw in scores]
    assert at("naswot", "", "report half", agreement).value == pytest.approx(spearmanr(*parts).statistic)
    rho = [at("naswot", "clean", "report half", f"rho of draw {i}: initial weights").value for i in (0, 1)]
    assert rho == pytest.approx([spearmanr(part, values[report]).statistic for part in parts])
    still = at("params", "clean", "both halves", "deviation over initial weights").value
    assert still == pytest.approx(0.0, abs=1e-12)
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
