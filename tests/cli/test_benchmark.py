import json
import sys

import numpy as np
import pytest

from croze.errors import CrozeError
from croze.ranking import Ranking
from croze.ranking.columns import CONVENTIONS
from croze.scoring.evaluator import Evaluator
from croze.spaces.nasbench201 import NASBench201
from croze.spaces.nasbench201.cell import every_cell

SPACE = NASBench201(4, 1)
TINY = ("--channels", "4", "--cells-per-stage", "1", "--workers", "1", "--resamples", "50")
PROXIES = ("--proxies", "params,croze-positional")
CORRUPTIONS = tuple(dict.fromkeys(c for groups in CONVENTIONS.values() for g in groups.values() for c in g))
ATTACKS = ("fgsm@Linf", "pgd@Linf", "aa_apgd-ce@Linf", "aa_square@Linf")


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    """A truth folder of 30 cells in the published layout, some of them isomorphic, with random accuracies."""
    root = tmp_path_factory.mktemp("truth")
    (root / "cifar10").mkdir()
    cells = [*every_cell()[5000:15000:350], SPACE.parse("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|")]
    first = {}
    twins = [first.setdefault(SPACE.canonical(cell), i) for i, cell in enumerate(cells)]
    ids = {
        str(i): {"nb201-string": str(cell), "isomorph": str(twin)}
        for i, (cell, twin) in enumerate(zip(cells, twins, strict=True))
    }
    epsilons = {key: [0.1, 4.0, 8.0] for key in ATTACKS}
    (root / "meta.json").write_text(json.dumps({"ids": ids, "epsilons": epsilons}))
    rng = np.random.default_rng(7)
    widths = {"clean": 0} | dict.fromkeys(ATTACKS, 3) | dict.fromkeys(CORRUPTIONS, 5)
    for key, width in widths.items():
        values = {
            str(t): rng.random(width).tolist() if width else float(rng.random()) for t in sorted(set(twins))
        }
        content = {"cifar10": {key: {"accuracy": values}}}
        (root / "cifar10" / f"{key}_accuracy.json").write_text(json.dumps(content))
    return f"robust-nb201:{root}"


def timeless(result):
    return {k: v for k, v in result.items() if k not in ("provenance", "milliseconds")}


def test_the_table_and_the_second_run(croze, truth, tmp_path, monkeypatch):
    arguments = ("benchmark", "--truth", truth, *TINY, *PROXIES, "--out", "scores", "--json", "-")
    outcome = croze(*arguments, "--plot", "figure.png")
    assert outcome.code == 0
    result = outcome.json
    ranking = Ranking.from_json(result)
    assert ranking.proxies == ("params", "croze-positional")
    names = ["clean", "fgsm8", "fgsm4", "weather", "noise", "blur", "digital"]
    assert result["columns"] == names
    for proxy in ranking.proxies:
        lines = [ranking.at(proxy, name, "all cells") for name in (*names, "mean")]
        for line in lines:
            assert line.n == ranking.cells["all cells"].n
            assert -1 <= line.low <= line.high <= 1
        assert lines[-1].value == pytest.approx(sum(line.value for line in lines[:-1]) / len(names))
    assert result["reference"] == "params"
    assert ranking.at("croze-positional", "mean", "all cells", "difference").n
    assert result["truth"]["name"] == "robust-nb201"
    assert result["truth"]["dataset"] == "cifar10"
    assert any(name.endswith("meta.json") for name in result["truth"]["sha256"])
    assert set(result["provenance"]["versions"]) == {"croze", "torch", "numpy", "python"}
    assert ranking.cells["all cells"].chosen == 30
    assert result["selection"]["half"] == "both"
    for text in ("params", "croze-positional", "Spearman's rho", "Written: figure.png"):
        assert text in outcome.err
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")

    def computed(self, request):
        raise AssertionError("computed again")

    monkeypatch.setattr(Evaluator, "__call__", computed)
    again = croze(*arguments)
    assert timeless(again.json) == timeless(result)
    # fewer cells, fewer proxies and other resamples rest on the same scores
    less = croze(
        *arguments[:3],
        *TINY,
        "--proxies",
        "croze-positional",
        "--out",
        "scores",
        "--sample",
        9,
        "--json",
        "-",
    )
    assert less.json["cells"]["all cells"]["chosen"] == 9
    assert less.json["reference"] == "croze-positional"


def test_what_is_printed_is_one_table_and_the_rest_is_in_the_folder(croze, truth, tmp_path):
    outcome = croze(
        *("benchmark", "--truth", truth, *TINY, "--proxies", "params,naswot", "--out", "scores"),
        *("--statistics", "--page", "page.md"),
    )
    assert outcome.code == 0, outcome.err
    printed = outcome.out.splitlines()
    assert max(map(len, printed)) <= 80
    assert len(printed) < 30
    assert printed[-1] == "All columns, sets of cells and statistics: croze report scores"
    result = json.loads((tmp_path / "scores" / "benchmark.json").read_text())
    names = ["all cells", "distinct cells", "distinct cells, choose half", "distinct cells, report half"]
    assert result["sets"] == names
    assert result["judged"] == ["clean", "fgsm@8", "corruptions"]
    ranking = Ranking.from_json(result)
    for cells in names[:2]:  # the halves have too few
        line = ranking.at("naswot", "clean", cells, "kendall")
        assert line.low <= line.high
    found = set(ranking.statistics("all cells", "fgsm@8"))
    assert {f"given {size}" for size in ("params", "live-params", "flops", "all sizes")} <= found
    cells = result["scored"]
    assert set(cells["scores"]) == {"params", "naswot", "live-params", "flops"}
    assert (
        len(cells["architecture"]) == len(cells["scores"]["flops"]) == len(cells["accuracies"]["clean"]) == 30
    )
    page = (tmp_path / "page.md").read_text()
    for text in (
        "Table 2's columns: rho",
        "clean: rho by set of cells",
        "top k and regret",
        "rho inside size deciles",
        "distinct cells, report half",
        "--statistics",
    ):
        assert text in page
    assert "Written: page.md" in outcome.out


def test_the_size_of_networks_is_the_truths_own_unless_asked_otherwise(truth):
    from croze.truth import open_truth

    known = open_truth(truth, "cifar10")
    assert known.network_of(channels=None, cells=3) == {"channels": 16, "cells": 3}
    assert known.network_of(layers=None) == {"layers": None, "channels": 16, "cells": 5}


def test_rho_is_that_of_scipy(croze, truth):
    from scipy.stats import spearmanr

    from croze.truth import open_truth

    result = croze("benchmark", "--truth", truth, *TINY, "--proxies", "params", "--json", "-").json
    known = open_truth(truth, "cifar10")
    params = [
        sum(p.numel() for p in SPACE.build(SPACE.parse(a), classes=10, seed=0).parameters())
        for a in known.architectures
    ]
    expected = spearmanr(params, known.values("clean")).statistic
    found = Ranking.from_json(result).at("params", "clean", "all cells").value
    assert found == pytest.approx(expected)


def test_cells_on_which_a_proxy_fails_are_left_out_for_all(croze, truth, monkeypatch):
    build = NASBench201.build

    def sometimes(self, cell, *, flavour="benchmark", **settings):
        if flavour == "released" and cell.operations[0] == "nor_conv_3x3":
            raise RuntimeError("not this [/one]")
        return build(self, cell, flavour=flavour, **settings)

    monkeypatch.setattr(NASBench201, "build", sometimes)
    outcome = croze("benchmark", "--truth", truth, *TINY, "--proxies", "params,croze-official", "--json", "-")
    result = outcome.json
    cells = result["cells"]["all cells"]
    assert list(cells["failures"]) == ["croze-official"]
    assert cells["n"] == 30 - cells["failures"]["croze-official"] < 30
    lines = zip(result["ranking"]["cells"], result["ranking"]["n"], strict=True)
    assert {n for name, n in lines if name == "all cells"} == {cells["n"]}
    assert "not this [/one]" in outcome.err


def test_too_few_cells_are_said_in_one_sentence(croze, truth, monkeypatch, tmp_path):
    build = NASBench201.build
    good = []

    def twice(self, cell, *, flavour="benchmark", **settings):
        if flavour == "released":
            if len(good) == 2:
                raise RuntimeError("not this one")
            good.append(cell)
        return build(self, cell, flavour=flavour, **settings)

    monkeypatch.setattr(NASBench201, "build", twice)
    outcome = croze(
        *("benchmark", "--truth", truth, *TINY, "--proxies", "params,croze-official"),
        *("--plot", "figure.png", "--json", "-"),
    )
    assert outcome.code == 1
    assert outcome.json["cells"]["all cells"]["n"] == 2
    assert outcome.json["failures"] == {
        "croze-official": {"cells": 28, "first_reason": "RuntimeError: not this one"}
    }
    sentence = (
        "A comparison needs at least 3 cells on which every proxy succeeded, got 2 of 30: "
        "croze-official failed on 28."
    )
    assert outcome.err.splitlines()[-1] == sentence
    assert not (tmp_path / "figure.png").exists()


def test_no_cell_at_all_is_still_a_result(croze, truth, monkeypatch):
    def build(self, cell, **settings):
        raise RuntimeError("none of them")

    monkeypatch.setattr(NASBench201, "build", build)
    outcome = croze("benchmark", "--truth", truth, *TINY, "--proxies", "params", "--json", "-")
    assert outcome.code == 1
    assert outcome.json["cells"]["all cells"]["n"] == 0
    assert "params failed on 30, live-params failed on 30, flops failed on 30." in outcome.err
    assert set(outcome.json["ranking"]["value"]) == {None}


@pytest.mark.parametrize(
    ("plot", "message"), [("figure.jpeg", "must end in .png, .svg, .pdf"), ("figure", "must end in")]
)
def test_a_figure_that_cannot_be_written_is_refused_before_scoring(refused, truth, tmp_path, plot, message):
    assert message in refused("benchmark", "--truth", truth, *TINY, *PROXIES, "--plot", plot, "--out", "s")
    assert not (tmp_path / "s").exists()


def test_no_matplotlib_is_found_out_before_scoring(refused, truth, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    message = refused("benchmark", "--truth", truth, *TINY, *PROXIES, "--plot", "figure.png", "--out", "s")
    assert "pip install 'croze[plot]'" in message
    assert not (tmp_path / "s").exists()


def test_the_json_is_there_before_the_figure(croze, truth, tmp_path, monkeypatch):
    def fail(*arguments):
        raise CrozeError("no figure today")

    monkeypatch.setattr("croze.reporting.chart.Chart.save", fail)
    outcome = croze(
        *("benchmark", "--truth", truth, *TINY, "--proxies", "params", "--sample", 9),
        *("--plot", "figure.png", "--json", "result.json"),
    )
    assert outcome.code == 2
    assert "no figure today" in outcome.err
    assert json.loads((tmp_path / "result.json").read_text())["cells"]["all cells"]["n"] == 9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--truth", "nowhere:/x"], "Unknown benchmark 'nowhere'"),
        (["--truth", "robust-nb201"], "robust-nb201:PATH"),
        (["--truth", "robust-nb201:/nowhere"], "/nowhere"),
        (["--dataset", "svhn"], "svhn"),
        (["--half", "left"], "A half is choose, report or both, got 'left'"),
        (["--cells", "some"], "all or distinct, got 'some'"),
        (["--convention", "ours"], "The conventions are paper, usual, got 'ours'"),
        (["--sample", "31"], "A sample of 31 cannot be drawn"),
        (["--proxies", "croze"], "name one of croze-paper, croze-official, croze-positional"),
        (["--proxies", "params,nothing"], "Unknown proxy 'nothing'"),
        (["--data", "mnist"], "mnist"),
        (["--out", " "], "--out takes the name of a folder, got an empty one"),
    ],
)
def test_bad_input_is_one_line(refused, truth, arguments, message):
    named = [] if "--truth" in arguments else ["--truth", truth]
    assert message in refused("benchmark", *named, *TINY, *arguments)


def test_a_truth_has_to_be_named(misused):
    assert "--truth" in misused("benchmark")
    assert "--sample" in misused("benchmark", "--truth", "x", "--sample", "0")
