import json

import numpy as np
import pytest

from croze.benchmarks.table2 import CONVENTIONS
from croze.evaluation import Evaluator
from croze.spaces.nasbench201 import NASBench201
from croze.spaces.nasbench201.isomorphism import every_cell

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
    return {k: v for k, v in result.items() if k not in ("provenance", "milliseconds_per_cell")}


def test_the_table_and_the_second_run(croze, truth, tmp_path, monkeypatch):
    arguments = ("benchmark", "--truth", truth, *TINY, *PROXIES, "--out", "scores", "--json", "-")
    outcome = croze(*arguments, "--plot", "figure.png")
    assert outcome.code == 0
    result = outcome.json
    assert [row["proxy"] for row in result["rows"]] == ["params", "croze-positional"]
    names = ["clean", "fgsm8", "fgsm4", "weather", "noise", "blur", "digital"]
    for row in result["rows"]:
        assert list(row["columns"]) == names
        for figure in (*row["columns"].values(), row["mean"]):
            assert set(figure) == {"rho", "low", "high", "partial", "n"}
            assert figure["n"] == result["cells"] == row["n"]
            assert -1 <= figure["low"] <= figure["high"] <= 1
        mean = sum(row["columns"][name]["rho"] for name in names) / len(names)
        assert row["mean"]["rho"] == pytest.approx(mean)
    assert [d["proxy"] for d in result["differences"]] == ["croze-positional"]
    assert result["differences"][0]["against"] == "params"
    assert result["truth"]["name"] == "robust-nb201"
    assert result["truth"]["dataset"] == "cifar10"
    assert any(name.endswith("meta.json") for name in result["truth"]["sha256"])
    assert set(result["provenance"]["versions"]) == {"croze", "torch", "numpy", "python"}
    assert result["chosen"] == 30
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
    assert less.json["chosen"] == 9
    assert less.json["differences"] == []


def test_rho_is_that_of_scipy(croze, truth):
    from scipy.stats import spearmanr

    from croze.benchmarks import open_truth

    result = croze("benchmark", "--truth", truth, *TINY, "--proxies", "params", "--json", "-").json
    known = open_truth(truth, "cifar10")
    params = [
        sum(p.numel() for p in SPACE.build(SPACE.parse(a), classes=10, seed=0).parameters())
        for a in known.architectures
    ]
    expected = spearmanr(params, known.values("clean")).statistic
    assert result["rows"][0]["columns"]["clean"]["rho"] == pytest.approx(expected)


def test_cells_on_which_a_proxy_fails_are_left_out_for_all(croze, truth, monkeypatch):
    build = NASBench201.build

    def sometimes(self, cell, *, flavour="benchmark", **settings):
        if flavour == "released" and cell.operations[0] == "nor_conv_3x3":
            raise RuntimeError("not this [/one]")
        return build(self, cell, flavour=flavour, **settings)

    monkeypatch.setattr(NASBench201, "build", sometimes)
    outcome = croze("benchmark", "--truth", truth, *TINY, "--proxies", "params,croze-official", "--json", "-")
    result = outcome.json
    failures = {row["proxy"]: row["failures"] for row in result["rows"]}
    assert failures["params"] == 0
    assert failures["croze-official"] > 0
    assert result["cells"] == 30 - failures["croze-official"]
    assert {row["n"] for row in result["rows"]} == {result["cells"]}
    assert "not this [/one]" in outcome.err


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
    ],
)
def test_bad_input_is_one_line(refused, truth, arguments, message):
    named = [] if "--truth" in arguments else ["--truth", truth]
    assert message in refused("benchmark", *named, *TINY, *arguments)


def test_a_truth_has_to_be_named(misused):
    assert "--truth" in misused("benchmark")
    assert "--sample" in misused("benchmark", "--truth", "x", "--sample", "0")
