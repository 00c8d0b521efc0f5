import json
import os
import re
import subprocess
import sys

import pytest

from croze.data import load_batch
from croze.proxies import parse_proxy
from croze.scoring.evaluator import Evaluator
from croze.spaces.nasbench201 import NASBench201

TINY = ("--channels", "4", "--cells", "1", "--workers", "1")
SPACE = NASBench201(4, 1)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, run_croze):
    """A small search by the command line: its folder and its JSON."""
    folder = tmp_path_factory.mktemp("search")
    command = ["search", *TINY, "--proxy=croze-positional", "--budget=20", f"--out={folder}", "--json=-"]
    done = run_croze(*command)
    assert done.code == 0, done.err
    return folder, done.json, done.err, command


def same(result):
    return {key: value for key, value in result.items() if key != "provenance"}


def test_the_result(finished):
    folder, result, errors, _ = finished
    assert json.loads((folder / "best.json").read_text()) == result
    assert sorted(os.listdir(folder)) == [
        "best.json",
        "network.py",
        "scores.lock",
        "scores.sqlite",
        "search.json",
    ]
    assert result["best"] == result["top"][0]
    assert [r["rank"] for r in result["top"]] == list(range(1, 11))
    scores = [r["score"] for r in result["top"]]
    assert scores == sorted(scores, reverse=True)
    assert result["scored"] == 20
    assert result["failed"] == []
    assert result["rejected_by_limits"] == 0
    assert result["ended_early"] is None
    assert result["device_seconds"] > 0
    settings = result["settings"]
    assert settings["budget"] == 20
    assert (settings["population"], settings["tournament"]) == (50, 10)
    assert settings["space"] == repr(SPACE)
    assert str(folder / "best.json") in errors.replace("\n", "")
    assert result["best"]["architecture"].split("+")[0] in errors


def test_the_scores_are_what_one_gets_by_hand(finished):
    _, result, _, _ = finished
    batch = load_batch("digits", size=8, seed=0)
    assert result["settings"]["batch"] == batch.digest()
    proxy = parse_proxy("croze-positional")
    for ranked in result["top"][:3]:
        (score,) = Evaluator(SPACE, batch, 0)((ranked["architecture"], (proxy,)))
        assert score.value == ranked["score"]


def test_the_winner_runs_without_croze(finished):
    folder, result, _, _ = finished
    code = (
        "import sys\nsys.modules['croze'] = None\n"
        "import runpy, torch\n"
        "network = runpy.run_path('network.py')['build']()\n"
        "print(sum(p.numel() for p in network.parameters()), tuple(network(torch.zeros(2, 3, 32, 32)).shape))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder)
    assert done.stderr == ""
    assert done.stdout == f"{result['best']['params']} (2, 10)\n"
    assert result["best"]["architecture"] in (folder / "network.py").read_text()


def test_the_same_command_computes_nothing_again(finished, croze, monkeypatch):
    _, result, _, command = finished

    def computed(self, request):
        raise AssertionError("computed again")

    monkeypatch.setattr(Evaluator, "__call__", computed)
    outcome = croze(*command)
    assert outcome.code == 0
    assert same(outcome.json) == same(result)
    assert "scores of 20 networks are in" in outcome.err


def test_json_in_a_file_leaves_the_streams_to_people(croze, tmp_path):
    arguments = ("search", *TINY, "--proxy", "params", "--budget", 3)
    outcome = croze(*arguments, "--json", "result.json")
    assert (outcome.code, outcome.err) == (0, "")
    assert "Best of 3 architectures by params on nasbench201, digits, seed 0" in outcome.out
    result = json.loads((tmp_path / "result.json").read_text())
    (folder,) = (tmp_path / "runs").iterdir()
    assert re.fullmatch("nasbench201-params-digits-evolution-seed0-[0-9a-f]{8}", folder.name)
    assert result == json.loads((folder / "best.json").read_text())
    assert len(result["top"]) == 3


def test_limits_and_algorithm_count(croze):
    outcome = croze(
        *("search", *TINY, "--proxy", "params", "--budget", 5, "--algorithm", "random"),
        *("--max-params", "8k", "--max-flops", "1M", "--json", "-"),
    )
    result = outcome.json
    assert all(r["params"] <= 8000 and r["flops"] <= 10**6 for r in result["top"])
    assert (result["settings"]["max_params"], result["settings"]["max_flops"]) == (8000, 10**6)
    assert result["rejected_by_limits"] > 0
    assert "rejected by the limits" in outcome.err
    assert "population" not in result["settings"]


def test_a_search_in_which_all_fail_says_so(croze, monkeypatch, tmp_path):
    def build(self, cell, **settings):
        raise RuntimeError("no [/memory] left")

    monkeypatch.setattr(NASBench201, "build", build)
    outcome = croze("search", *TINY, "--budget", 3, "--out", "run", "--json", "-")
    assert outcome.code == 1
    assert outcome.json["best"] is None
    assert [f["reason"] for f in outcome.json["failed"]] == [
        "croze-positional: RuntimeError: no [/memory] left"
    ] * 3
    assert "no [/memory] left" in outcome.err
    assert not (tmp_path / "run" / "network.py").exists()
    assert json.loads((tmp_path / "run" / "best.json").read_text())["scored"] == 3


def test_what_changes_the_search_changes_the_default_folder(croze, tmp_path):
    def folder(*arguments):
        before = set(os.listdir(tmp_path / "runs")) if (tmp_path / "runs").exists() else set()
        outcome = croze("search", *TINY, "--proxy", "params", "--budget", 1, *arguments)
        assert outcome.code == 0, outcome
        return set(os.listdir(tmp_path / "runs")) - before

    assert len(folder()) == 1
    for same_search in ([], ["--budget", "4"], ["--workers", "1", "--json", "r.json"]):
        assert folder(*same_search) == set()
    changes = (
        ["--population", "51"],
        ["--tournament", "9"],
        ["--max-params", "1M"],
        ["--max-flops", "1G"],
        ["--batch-size", "9"],
        ["--augment"],
        ["--channels", "5"],
        ["--cells", "2"],
        ["--seed", "1"],
        ["--algorithm", "random"],
        ["--in-flight", "16"],
        ["--max-live-params", "1M"],
        ["--max-latency", "1000"],
    )
    for change in changes:
        assert len(folder(*change)) == 1, change


def test_the_result_of_another_search_is_not_overwritten(croze, refused, tmp_path):
    arguments = ("search", *TINY, "--proxy", "params", "--budget", 3, "--out", "run")
    assert croze(*arguments).code == 0
    files = {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()}
    for change, names in (
        (["--proxy", "flops"], "objectives"),
        (["--in-flight", "8"], "in_flight"),
        (["--max-live-params", "1M"], "max_live_params"),
        (["--algorithm", "random"], "algorithm, population, tournament"),
        (["--max-params", "1M"], "max_params"),
        (["--seed", "1"], "batch, seed"),
    ):
        message = refused(*arguments, *change)
        assert "search.json is the result of another search" in message
        assert f"differs in {names}: name another folder" in message
    assert {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()} == files
    outcome = croze(*arguments, "--budget", 5, "--json", "-")
    assert outcome.code == 0
    assert "scores of 3 networks are in run already" in outcome.err
    assert outcome.json["scored"] == json.loads((tmp_path / "run" / "best.json").read_text())["scored"] == 5
    (tmp_path / "run" / "best.json").write_text("[]")
    assert "must hold a JSON object, got a list: name another file or folder" in refused(*arguments)
    assert (tmp_path / "run" / "best.json").read_text() == "[]"


def test_scores_of_other_proxies_are_not_counted(croze, tmp_path):
    arguments = ("search", *TINY, "--budget", 3, "--out", "run", "--max-params", "1M", "--json", "-")
    assert "already" not in croze(*arguments, "--proxy", "live-params").err
    for name in ("best.json", "search.json"):
        (tmp_path / "run" / name).unlink()
    assert "already" not in croze(*arguments, "--proxy", "croze-paper").err
    assert "scores of 3 networks are in run already" in croze(*arguments, "--proxy", "croze-paper").err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--proxy", "snap"], "Unknown proxy 'snap'"),
        (["--proxy", "croze"], "3 forms, which rank differently; name one of croze-paper, croze-official"),
        (["--proxy", "params,flops"], "Expected one proxy, got 2"),
        (["--space", "nas"], "Unknown space 'nas'; the known ones are nasbench201"),
        (
            ["--algorithm", "bayes"],
            "Unknown algorithm 'bayes'; the known ones are random, random+warmup, evolution",
        ),
        (["--proxy", "snip", "--minimize", "flops"], "either as `proxy` or as `maximize` and `minimize`"),
        (["--minimize", "flops", "--minimize", "flops"], "objective flops is named twice"),
        (["--minimize", "flops", "--maximize", "snip", "--algorithm", "AE"], "one objective, got max snip"),
        (["--algorithm", "random+warmup"], "name a guide"),
        (["--guide", "params"], "evolution takes no guide; those that do are random+warmup"),
        (["--guide", "parms", "--algorithm", "AE+warmup"], "Unknown proxy 'parms'"),
        (["--algorithm", "random", "--pool", "5"], "random has no setting pool"),
        (["--pool", "5", "--algorithm", "AE+warmup"], "pool 5, population 50"),
        (["--algorithm", "AE+warmup"], "A pool of 3,000 uses up the budget of 500"),
        (["--layers", "3"], "layers"),
        (["--max-latency", "inf"], "above 0, got inf"),
        (["--max-latency", "nan"], "above 0, got nan"),
        (["--max-latency", "0"], "above 0, got 0"),
        (["--latency", "nowhere.csv:ms"], "Cannot read the latencies nowhere.csv"),
        (["--latency", "nowhere.csv"], "named FILE.csv:COLUMN"),
        (["--device", "cuda:7"], "The device cuda:7 cannot be used here"),
        (["--plot", "front.txt"], "must end in .png"),
        (["--data", "mnist"], "mnist"),
        (["--sampling", "lucky"], "lucky"),
        (["--budget", "0"], "at least 1 architecture, got 0"),
        (["--budget", "-5"], "got -5"),
        (["--max-params", "many"], "--max-params takes a positive number such as 1M"),
        (["--max-flops", "0"], "--max-flops takes a positive number"),
        (["--tournament", "20", "--population", "10"], "tournament 20, population 10"),
        (["--out", "file"], "Cannot write to file"),
        (["--out", ""], "--out takes the name of a folder, got an empty one"),
    ],
)
def test_bad_input_is_one_line(refused, tmp_path, arguments, message):
    (tmp_path / "file").write_text("")
    assert message in refused("search", *TINY, *arguments)


def test_impossible_limits_are_one_line(refused, monkeypatch):
    monkeypatch.setattr("croze.searching.loop.TRIES", 5)
    message = refused("search", *TINY, "--proxy", "params", "--max-params", "10")
    assert "architectures tried break the limit on params, the nearest has" in message


def test_a_folder_in_use_is_one_line(refused, tmp_path):
    from croze.scoring.store import Store

    with Store(tmp_path / "run", {}):
        assert "Another run is using" in refused("search", *TINY, "--out", tmp_path / "run")


def test_numbers_out_of_range(misused):
    for option in ("--batch-size", "--channels", "--cells", "--population", "--tournament"):
        assert option in misused("search", option, "0")
    for option in ("--seed", "--workers"):
        assert option in misused("search", option, "-1")


def test_several_objectives_write_the_front_and_draw_it(croze, tmp_path):
    outcome = croze(
        *("search", *TINY, "--maximize", "croze-positional", "--minimize", "flops", "--minimize", "latency"),
        *("--budget", 24, "--population", 8, "--out", "run", "--plot", "figures/front.png", "--json", "-"),
    )
    assert outcome.code == 0, outcome
    result = outcome.json
    assert result["settings"]["algorithm"] == "nsga2"
    assert [o["objective"] for o in result["settings"]["objectives"]] == [
        "croze-positional",
        "flops",
        "latency",
    ]
    front = result["front"]
    assert len(front) > 1
    for one in front:
        assert set(one["scores"]) == {"croze-positional", "flops", "latency"}
        assert one["scores"]["flops"] == one["flops"]
    for a in front:
        for b in front:
            better = [
                a["scores"]["croze-positional"] >= b["scores"]["croze-positional"],
                a["flops"] <= b["flops"],
                a["scores"]["latency"] <= b["scores"]["latency"],
            ]
            assert a is b or not all(better) or a["scores"] == b["scores"]
    assert result["best"] in front
    assert "Pareto front of 24 architectures by croze-positional+flops+latency" in outcome.err
    assert "* has the best mean rank." in outcome.err
    assert f"{result['best']['rank']}* " in outcome.err
    assert (tmp_path / "figures" / "front.png").stat().st_size > 5000
    assert result["best"]["architecture"] in (tmp_path / "run" / "network.py").read_text()
    again = croze(
        *("search", *TINY, "--maximize", "croze-positional", "--minimize", "flops", "--minimize", "latency"),
        *("--budget", 24, "--population", 8, "--out", "run", "--json", "-"),
    )
    assert same(again.json) == same(result), "measured latencies are kept"


def test_a_guide_decides_what_is_scored(croze):
    outcome = croze(
        *("search", *TINY, "--proxy", "live-params", "--algorithm", "AE+warmup+move", "--guide", "params"),
        *("--budget", 20, "--population", 8, "--pool", 60, "--json", "-"),
    )
    assert outcome.code == 0, outcome
    settings = outcome.json["settings"]
    assert (settings["algorithm"], settings["guide"]) == ("evolution+warmup+move", "params")
    assert (settings["pool"], settings["population"]) == (60, 8)
    assert outcome.json["guided"] > 40
    assert outcome.json["scored"] == 20
    assert f"{outcome.json['guided']:,} scored by the guide" in outcome.err


def test_latencies_from_a_published_table(croze, shared_data):
    table = shared_data / "nas_bench_201" / "hw_nas_bench_cifar10.csv"
    outcome = croze(
        *("search", *TINY, "--maximize", "params", "--minimize", "latency"),
        *("--latency", f"{table}:edgegpu_latency", "--max-latency", 5, "--budget", 20, "--json", "-"),
    )
    assert outcome.code == 0, outcome
    name = f"latency({table.name}:edgegpu_latency)"
    latencies = [one["scores"][name] for one in outcome.json["front"]]
    assert latencies
    assert max(latencies) <= 5
    assert outcome.json["rejected_by_limits"] > 0
    assert list(outcome.json["settings"]["latency_tables"]) == [f"{table.name}:edgegpu_latency"]


def test_other_spaces_are_searched_the_same_way(croze, tmp_path):
    outcome = croze(
        *("search", "--space", "darts", "--layers", 3, "--channels", 4, "--workers", 1),
        *("--proxy", "croze-positional", "--budget", 4, "--out", "run", "--json", "-"),
    )
    assert outcome.code == 0, outcome
    assert outcome.json["best"]["architecture"].startswith("Genotype(normal=[")
    assert "layers=3" in outcome.json["settings"]["space"]
    assert "croze" not in re.findall(
        r"^(?:import|from) (\w+)", (tmp_path / "run" / "network.py").read_text(), re.M
    )


def test_what_a_users_space_prints_is_no_part_of_the_result(croze, tmp_path):
    (tmp_path / "noisy.py").write_text(
        "from croze.spaces.nasbench201 import NASBench201\n"
        "print('hello from the file')\n"
        "class Noisy(NASBench201):\n"
        "    def build(self, *arguments, **settings):\n"
        "        print('building')\n"
        "        return super().build(*arguments, **settings)\n"
    )
    outcome = croze(
        "search", "--space", "noisy.py:Noisy", *TINY, "--proxy", "snip", "--budget", 3, "--json", "-"
    )
    assert outcome.code == 0, outcome
    assert outcome.json["scored"] == 3
    assert "hello from the file" in outcome.err
    assert "building" in outcome.err


@pytest.mark.slow
def test_what_workers_print_is_no_part_of_the_result(tmp_path):
    (tmp_path / "loud.py").write_text(
        "from croze.spaces.nasbench201 import NASBench201\n"
        "class Loud(NASBench201):\n"
        "    def build(self, *arguments, **settings):\n"
        "        print('building', flush=True)\n"
        "        return super().build(*arguments, **settings)\n"
    )
    command = [
        "search",
        "--space",
        "loud.py:Loud",
        *TINY,
        "--workers",
        "2",
        "--proxy",
        "snip",
        "--budget",
        "3",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "croze", *command, "--json", "-"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["scored"] == 3
    assert "building" in done.stderr


def test_a_space_of_three_under_a_name_in_other_letters(run_croze, tmp_path):
    folder = tmp_path / "Größe 架构 ✓"
    folder.mkdir()
    (folder / "räume.py").write_text(
        "from dataclasses import dataclass\n"
        "from torch import nn\n"
        "from croze.spaces.choices import ChoiceSpace\n"
        "class Net(nn.Sequential):\n"
        "    def __init__(self, classes, width):\n"
        "        super().__init__(nn.Conv2d(3, width, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),\n"
        "                         nn.Linear(width, classes))\n"
        "@dataclass(frozen=True)\n"
        "class Drei(ChoiceSpace):\n"
        "    name, network, choices = 'drei', Net, {'width': (4, 8, 16)}\n",
        encoding="utf-8",
    )
    done = run_croze(
        "search", "--space", f"{folder / 'räume.py'}:Drei", "--proxy", "params", "--budget", "50",
        "--workers", "1", "--out", folder / "läuft", "--json=-",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.json["scored"] == 3
    assert done.json["best"]["architecture"] == "width=16"
    assert "network.py" in os.listdir(folder / "läuft")
