"""`croze reproduce table1` and `table2` on tiny truths; --all on the real one."""

import json

import numpy as np
import pytest
from scipy.stats import spearmanr

from croze.paper.printed import printed
from croze.ranking.columns import CONVENTIONS
from croze.scoring.evaluator import Evaluator
from croze.spaces.nasbench201 import NASBench201
from croze.spaces.nasbench201.cell import every_cell
from croze.truth import open_truth

SPACE = NASBench201(4, 1)
HALVES = ("", ", report half", ", choose half")
TINY = ("--channels", "4", "--cells-per-stage", "1", "--workers", "1", "--resamples", "10")
CORRUPTIONS = tuple(dict.fromkeys(c for groups in CONVENTIONS.values() for g in groups.values() for c in g))
DATASETS = {"cifar10": 7, "cifar100": 6, "imagenet16-120": 2}
WIDTHS = {"clean": 0, "fgsm@Linf": 2} | dict.fromkeys(CORRUPTIONS, 5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Both truths of 40 strings, every fourth one another name of the cell before."""
    root = tmp_path_factory.mktemp("truth")
    cells = list(map(str, every_cell()[5000:14880:247]))
    twins = [i - 1 if i % 4 == 3 else i for i in range(len(cells))]
    ids = {
        str(i): {"nb201-string": cell, "isomorph": str(twin)}
        for i, (cell, twin) in enumerate(zip(cells, twins, strict=True))
    }
    (root / "meta.json").write_text(json.dumps({"ids": ids, "epsilons": {"fgsm@Linf": [4.0, 8.0]}}))
    rng = np.random.default_rng(7)
    for dataset in DATASETS:
        (root / dataset).mkdir()
        for key, width in WIDTHS.items():
            values = {
                str(t): rng.random(width).tolist() if width else float(rng.random()) for t in set(twins)
            }
            content = {dataset: {key: {"accuracy": values}}}
            (root / dataset / f"{key}_accuracy.json").write_text(json.dumps(content))
    rows = {str(i): rng.random(18).tolist() if i == twin else str(twin) for i, twin in enumerate(twins)}
    (root / "robbench.json").write_text(f"acc={json.dumps(rows)}")
    return root


def lines(result):
    """The long table, a line each."""
    table = result["ranking"]
    return [dict(zip(table, line, strict=True)) for line in zip(*table.values(), strict=True)]


@pytest.fixture
def standard(folder):
    return ("reproduce", "table2", "--truth", f"robust-nb201:{folder}", *TINY)


@pytest.fixture
def adversarial(folder):
    return ("reproduce", "table1", "--truth", f"nas-robbench201:{folder / 'robbench.json'}", *TINY)


def test_the_page_and_the_second_run(croze, standard, tmp_path, monkeypatch):
    arguments = (*standard, "--proxies", "params,flops,croze-positional", "--sample", 30, "--json", "-")
    outcome = croze(*arguments, "--page", "docs/page.md")
    assert outcome.code == 0, outcome
    result = outcome.json
    assert result["columns"] == list(printed("table2/cifar10").columns[:-1])
    assert list(result["cells"]) == [
        f"{kind} cells{half}"
        for kind in ("all", "distinct")
        for half in ("", ", report half", ", choose half")
    ]
    assert result["cells"]["all cells"]["chosen"] == 30
    assert result["own"] == ["croze-positional"]
    given = [
        line
        for line in lines(result)
        if line["statistic"] == "given live-params" and line["column"] == "mean"
    ]
    assert all(line["value"] is not None for line in given if line["proxy"] != "params")
    page = (tmp_path / "docs/page.md").read_text()
    assert page.startswith("# Table 2 on cifar10\n")
    assert "$ croze reproduce table2" in page
    assert "30 of robust-nb201, cifar10, drawn with seed 0 from 40 strings" in page
    assert "on 8 images of digits, drawn at random" in page
    assert "| Table 2 on cifar100 | the same command with --dataset cifar100, if" in page
    assert "Comparison with the paper" in outcome.err

    def computed(self, request):
        raise AssertionError("computed again")

    monkeypatch.setattr(Evaluator, "__call__", computed)
    assert croze(*arguments).json["ranking"] == result["ranking"]
    # what `croze benchmark` scored with the same settings is found here, and the other way round
    shared = croze(
        "benchmark", *standard[2:], "--proxies", "croze-positional", "--sample", 12, "--out", "runs/table2",
        "--sampling", "random", "--json", "-",
    )  # fmt: skip
    assert shared.code == 0, shared.err


def test_the_row_of_params_is_that_of_scipy_and_needs_no_more_scores(croze, standard, folder):
    result = croze(*standard, "--all", "--proxies", "params", "--json", "-").json
    known = open_truth(f"robust-nb201:{folder}", "cifar10")
    size = [
        sum(p.numel() for p in SPACE.build(SPACE.parse(a), classes=10, seed=0).parameters())
        for a in known.architectures
    ]
    strings, distinct = result["beside_paper"]
    clean = known.values("clean")
    assert strings["values"]["clean"]["ours"] == pytest.approx(spearmanr(size, clean)[0], abs=1e-12)
    assert (strings["n"], distinct["n"]) == (40, 30)
    assert strings["values"]["avg"]["printed"] == 0.502
    assert strings["values"]["avg"]["meant"] == 0.538
    assert result["basis"][0] == "cells: 40 of robust-nb201, cifar10, all"
    # partial rhos were not asked for, and live parameters not counted
    assert {line["statistic"] for line in lines(result)} == {"spearman"}


def test_a_count_of_live_parameters_may_be_asked_for(croze, standard):
    arguments = (*standard, "--sample", 9, "--json", "-", "--proxies")
    assert croze(*arguments, "params", "--given-size").code == 0
    result = croze(*arguments, "l2-norm", "--no-given-size").json
    assert {line["statistic"] for line in lines(result)} == {"spearman"}


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_same_command_on_every_data_set(croze, standard, dataset):
    result = croze(*standard, "--dataset", dataset, "--all", "--proxies", "params", "--json", "-").json
    assert result["table"] == f"table2/{dataset}"
    assert len(result["columns"]) == DATASETS[dataset]
    row = result["beside_paper"][0]
    table = printed(f"table2/{dataset}")
    assert {name: one["printed"] for name, one in row["values"].items()} == table.rows["#Params"]
    assert set(result["not_regenerated"]) == {f"Table 2 on {d}" for d in DATASETS if d != dataset}


def test_table_1_leaves_columns_empty(croze, adversarial, tmp_path):
    outcome = croze(*adversarial, "--proxies", "params,synflow", "--json", "-", "--page", "page.md")
    result = outcome.json
    assert result["columns"] == ["clean", "fgsm", "pgd", "hrs_fgsm", "hrs_pgd", "autoattack"]
    assert list(result["empty_columns"]) == ["cw", "deepfool", "spsa", "lgv"]
    for row in result["beside_paper"]:
        assert [row["values"][name]["ours"] for name in result["empty_columns"]] == [None] * 4
    assert list(result["cells"]) == [
        f"distinct cells{half}" for half in ("", ", report half", ", choose half")
    ]
    assert result["cells"]["distinct cells"]["chosen"] == 30
    page = (tmp_path / "page.md").read_text()
    assert "attacks at 8/255" in page
    assert "| CW | nas-robbench201 as given has no cw@8;" in page
    assert "Mean of 6" in outcome.err


def test_all_strings_of_table_1_at_another_epsilon(croze, adversarial):
    result = croze(*adversarial, "--proxies", "params", "--cells", "all", "--epsilon", 3, "--json", "-").json
    assert len(result["cells"]) == 6
    assert result["cells"]["all cells"]["chosen"] == 40


def test_too_few_cells(croze, standard):
    outcome = croze(*standard, "--proxies", "params", "--sample", 2, "--json", "-")
    assert outcome.code == 1
    assert outcome.json["cells"]["all cells"]["chosen"] == 2
    assert outcome.err.splitlines()[-1] == (
        "A table needs at least 3 cells on which some proxy succeeded, got 2 of 2: take a larger sample."
    )


def test_all_means_every_proxy_with_a_name(croze, standard, monkeypatch):
    asked = []

    def stop(ledger, architectures, wanted, watch):
        asked.extend(proxy.spec for proxy in wanted)
        raise KeyboardInterrupt

    monkeypatch.setattr("croze.ranking.scored.collect", stop)
    croze(*standard, "--sample", 3)
    assert {"params", "croze-paper", "croze-official", "swap(samples=16)", "live-params"} <= set(asked)
    assert not any("components" in spec for spec in asked)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--all", "--sample", 5), "--all takes every cell, --sample 5 some of them: give one of the two"),
        (("--sample", 41), "A sample of 41 cannot be drawn"),
        (("--convention", "ours"), "The conventions are paper, usual, got 'ours'"),
        (("--dataset", "svhn"), "svhn"),
        (("--proxies", "nothing"), "Unknown proxy 'nothing'"),
        (("--page", "."), "--page takes the name of a file"),
        (("--out", " "), "--out takes the name of a folder"),
        (("--sampling", "sorted"), "sorted"),
    ],
)
def test_bad_input_is_one_line(refused, standard, arguments, message):
    assert message in refused(*standard, *arguments)


def test_either_truth_has_its_table(refused, standard, adversarial):
    assert "take `croze reproduce table1`" in refused("reproduce", "table2", *adversarial[2:])
    assert "take `croze reproduce table2`" in refused("reproduce", "table1", *standard[2:])
    assert "A truth" not in refused(*adversarial, "--epsilon", "5", "--cells", "some")


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_papers_row_of_params_from_all_cells(croze, shared_data):
    outcome = croze(
        "reproduce", "table2", "--truth", f"robust-nb201:{shared_data / 'robust_nb201'}", "--all",
        "--proxies", "params", "--json", "-",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    strings, classes = outcome.json["beside_paper"]
    assert (strings["n"], classes["n"]) == (15625, 6466)
    for name, one in strings["values"].items():
        assert round(one["ours"], 3) == printed("table2/cifar10").meant("#Params", name)


def test_networks_have_the_size_that_the_truth_was_measured_at(croze, shared_data):
    file = shared_data / "tiny_robustbench" / "sample.json"
    outcome = croze(
        *("reproduce", "table1", "--truth", f"tiny-robustbench:{file}", "--sample", 4, "--proxies", "params"),
        *("--workers", 1, "--resamples", 10, "--json", "-"),
    )
    assert outcome.code == 0, outcome
    scores = next(line for line in outcome.json["basis"] if line.startswith("scores: "))
    assert "channels=16" in scores
    assert "layers=8" in scores
    assert outcome.json["columns"] == ["clean", "pgd", "hrs_pgd"]
