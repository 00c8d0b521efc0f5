import json
import re

import numpy as np
import pytest

from croze.corruptions.names import CORRUPTIONS
from croze.scoring.evaluator import Evaluator
from croze.spaces.nasbench201 import NASBench201
from croze.spaces.nasbench201.cell import every_cell
from croze.truth.robust_nasbench201 import ATTACKS

SPACE = NASBench201(2, 1)
TINY = ("--channels", "2", "--cells-per-stage", "1", "--workers", "1", "--resamples", "30")
FEW = ("--sample", "12", "--batch-size", "8", "--timing-cells", "1", "--published-sample", "5")
SMALL = (*TINY, *FEW, "--published-batch-size", "4", "--page", "docs/page.md")
PROXIES = ("--proxies", "params,l2-norm,flops,rank(params,l2-norm)")


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    """A truth folder of 60 distinct cells in the published layout, with random accuracies."""
    root = tmp_path_factory.mktemp("truth")
    (root / "cifar10").mkdir()
    cells = {SPACE.canonical(cell): None for cell in every_cell()[3000:15000:197]}
    ids = {str(i): {"nb201-string": str(cell), "isomorph": str(i)} for i, cell in enumerate(cells)}
    epsilons = {key: [1.0, 8.0] for key in ATTACKS}
    (root / "meta.json").write_text(json.dumps({"ids": ids, "epsilons": epsilons}))
    rng = np.random.default_rng(7)
    widths = {"clean": 0} | dict.fromkeys(ATTACKS, 2) | dict.fromkeys(CORRUPTIONS, 5)
    for key, width in widths.items():
        values = {i: rng.random(width).tolist() if width else float(rng.random()) for i in ids}
        content = {"cifar10": {key: {"accuracy": values}}}
        (root / "cifar10" / f"{key}_accuracy.json").write_text(json.dumps(content))
    return f"robust-nb201:{root}"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Scores of 8 cells: parameters as they are, in millions, one of them off by one, and norms."""
    lines = ["net,net_str,params,l2_norm,flops"]
    for i, cell in enumerate(every_cell()[5000:13000:1003]):
        network = SPACE.build(cell, classes=10, seed=0)
        params = sum(p.numel() for p in network.parameters())
        lines.append(f'"({i},)",{cell},{params / 1e6},{i}.5,{i}.25')
    path = tmp_path_factory.mktemp("published") / "scores.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_page_and_the_second_run(croze, truth, published, tmp_path, monkeypatch):
    command = ("proxies", "--truth", truth, *SMALL, *PROXIES, "--published", published)
    outcome = croze(*command, "--json", "-")
    assert outcome.code == 0, outcome.err
    page = (tmp_path / "docs" / "page.md").read_text()
    assert f"$ croze proxies --truth {truth} " in page
    for text in (
        "12 of the choose half and 12 of the report half",
        "## Summary (report half)",
        "12 of 12 cells.",
        "| `rank(params,l2-norm)` |",
        "## Against published scores",
        "equal on all 5",
        "drawn at random",
        "8 images of digits",
        "over 1 of the cells, one thread",
    ):
        assert text in page
    assert "## Failures" not in page
    result = outcome.json
    assert list(dict.fromkeys(result["ranking"]["proxy"])) == [
        *("params", "l2-norm", "flops", "rank(params,l2-norm)"),
    ]
    assert result["cells"]["distinct cells"]["n"] == 24
    assert [a["column"] for a in result["published"]] == ["flops", "l2_norm", "params"]
    assert all(ms > 0 for ms in result["milliseconds_alone"].values())
    assert set(result["provenance"]["versions"]) == {"croze", "torch", "numpy", "python"}
    assert result["basis"]["published"][2]["cells"] == 5
    assert "Written: docs/page.md" in outcome.err

    # a second run finds every score, but for those that are timed, and writes the same page
    monkeypatch.setattr("croze.ranking.survey.time_alone", lambda *arguments: result["milliseconds_alone"])

    def computed(self, request):
        raise AssertionError("computed again")

    monkeypatch.setattr(Evaluator, "__call__", computed)
    again = croze(*command, "--json", "-")
    assert again.code == 0
    for key in ("ranking", "cells", "published", "milliseconds_alone", "basis"):
        assert again.json[key] == result[key]
    assert (tmp_path / "docs" / "page.md").read_text() == page


def test_all_of_them_at_toy_size(croze, truth, tmp_path):
    outcome = croze(
        "proxies", "--truth", truth, *SMALL, "--sample", 4, "--timing-cells", 0, "--json", "r.json"
    )
    assert outcome.code in (0, 1)
    page = (tmp_path / "docs" / "page.md").read_text()
    result = json.loads((tmp_path / "r.json").read_text())
    rows = set(result["ranking"]["proxy"])
    for name in ("croze-robust", "te-nas", "croze-paper(components=features)", "ntk"):
        assert name in rows
        assert f"| `{name}` |" in page
    assert result["milliseconds_alone"] == {}
    assert "| ms |" not in page
    assert "Against published scores" not in page


def test_a_run_that_is_interrupted_goes_on(croze, truth, published, monkeypatch):
    command = ("proxies", "--truth", truth, *SMALL, *PROXIES, "--published", published)
    call = Evaluator.__call__
    scored = []

    def interrupted(self, request):
        if len(scored) == 27:
            raise KeyboardInterrupt
        scored.append(request[0])
        return call(self, request)

    monkeypatch.setattr(Evaluator, "__call__", interrupted)
    stopped = croze(*command)
    assert stopped.code == 130
    assert "the same command continues from here" in stopped.err
    # 24 cells of the halves and 3 of the published ones are kept
    scored.clear()
    monkeypatch.setattr(Evaluator, "__call__", lambda self, r: [scored.append(r[0]), call(self, r)][1])
    assert croze(*command, "--timing-cells", 0).code == 0
    assert len(scored) == 2


def test_too_few_cells_are_said_in_one_sentence(croze, truth, tmp_path, monkeypatch):
    def build(self, cell, **settings):
        raise RuntimeError("none of them")

    monkeypatch.setattr(NASBench201, "build", build)
    outcome = croze("proxies", "--truth", truth, *SMALL, "--proxies", "params", "--json", "-")
    assert outcome.code == 1
    assert outcome.err.splitlines()[-1] == (
        "A survey needs at least 3 cells of each half on which some proxy succeeded, got 0 of 12 of choose: "
        "params failed on 12."
    )
    assert "RuntimeError: none of them" in (tmp_path / "docs" / "page.md").read_text()
    assert outcome.json["milliseconds_alone"] == {"params": None}


def test_published_scores_of_none_of_the_proxies(croze, truth, published):
    outcome = croze("proxies", "--truth", truth, *SMALL, "--proxies", "live-params", "--published", published)
    assert outcome.code == 0
    assert "None of these proxies is compared with" in outcome.out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:-2], "must end with a whole line"),
        (lambda text: text.replace("l2_norm", "norm"), "it lacks l2_norm"),
        (lambda text: text.replace("2.5", "two"), "line 4: expected a number as l2_norm, got 'two'"),
        (lambda text: text.replace("~0", "~7", 1), "line 2: .* is not a NAS-Bench-201 cell"),
    ],
)
def test_a_broken_file_of_published_scores(refused, truth, published, tmp_path, change, message):
    broken = tmp_path / "broken.csv"
    broken.write_text(change(published.read_text()))
    said = refused("proxies", "--truth", truth, *SMALL, *PROXIES, "--published", broken, "--out", "s")
    assert re.search(message, said)
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--truth", "nowhere:/x"], "Unknown benchmark 'nowhere'"),
        (["--dataset", "svhn"], "svhn"),
        (["--sample", "1000"], "A sample of 1000 cannot be drawn"),
        (["--published", "none.csv"], "Cannot read the published scores none.csv"),
        (["--proxies", "params,nothing"], "Unknown proxy 'nothing'"),
        (["--data", "mnist"], "mnist"),
        (["--out", " "], "--out takes the name of a folder, got an empty one"),
        (["--page", "."], "--page takes the name of a file, got the folder ."),
    ],
)
def test_bad_input_is_one_line(refused, truth, arguments, message):
    named = [] if "--truth" in arguments else ["--truth", truth]
    assert message in refused("proxies", *named, *SMALL, "--proxies", "params", *arguments)


def test_more_published_cells_than_there_are(refused, truth, published):
    arguments = ("--published", published, "--published-sample", 9)
    assert "scores.csv has scores of 8" in refused("proxies", "--truth", truth, *SMALL, *PROXIES, *arguments)


def test_truth_and_page_have_to_be_named(misused):
    assert "--truth" in misused("proxies", "--page", "page.md")
    assert "--page" in misused("proxies", "--truth", "x")
