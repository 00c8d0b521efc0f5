import json

import pytest
import torch

from croze.data import load_batch
from croze.nn.seeding import seeded
from croze.scoring.score import score_all
from croze.testing.networks import NETWORKS

CELL = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|avg_pool_3x3~2|"
RELEASED = ("--space", "darts-released")
TINY = ("--channels", "4", "--cells", "1")
MODELS = """
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from croze.testing.networks import NETWORKS

globals().update(NETWORKS)

print("text of the user's own")


@dataclass
class Settings:
    width: int = 4


def small():
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, Settings().width), nn.ReLU(), nn.Linear(4, 10))


class Pixels(nn.Module):
    normalises_input = True

    def __init__(self):
        super().__init__()
        self.net = small()

    def forward(self, x):
        print("more text")
        if x.min() < 0 or x.max() > 1.1:
            raise ValueError("expected pixels in [0, 1]")
        return self.net(x * 2 - 1)


class Failing(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))

    def forward(self, x):
        raise RuntimeError("sizes [/3] and [4] differ\\nand more")


number = 3


def nothing():
    pass


def broken():
    raise KeyError("first\\nsecond")
"""


@pytest.fixture
def models(tmp_path):
    file = tmp_path / "models.py"
    file.write_text(MODELS)
    return file


def test_an_architecture(croze, digits):
    outcome = croze("score", "--arch", CELL, *TINY, "--json", "-")
    found = outcome.json
    assert outcome.code == 0
    assert [s["proxy"] for s in found["scores"]] == ["croze-robust", "params", "live-params", "flops"]
    assert all(s["ok"] and s["reason"] == "" for s in found["scores"])
    assert found["network"] == CELL
    assert found["images"] == 8
    assert found["batch"] == digits.digest()
    assert found["provenance"]["versions"]["torch"] == torch.__version__
    for proxy in ("croze-robust", "live-params"):
        assert proxy in outcome.err
    assert json.loads(json.dumps(found)) == found


def test_a_published_genotype_by_its_name(croze):
    size = ("--layers", "3", "--channels", "4", "--proxies", "params,live-params", "--json", "-")
    found = [croze("score", "--arch", "croze-CIFAR10", *space, *size) for space in ((), RELEASED)]
    for outcome in found:
        params, live = (score["value"] for score in outcome.json["scores"])
        assert params > live > 0
        assert [params, live] == [score["value"] for score in found[0].json["scores"]]


def test_tables_go_to_standard_output_and_json_to_its_file(croze, tmp_path):
    outcome = croze("score", "--arch", CELL, *TINY, "--proxies", "params", "--json", "new/score.json")
    assert outcome.code == 0
    assert outcome.err == ""
    assert "params" in outcome.out
    assert "{" not in outcome.out
    assert json.loads((tmp_path / "new" / "score.json").read_text())["scores"][0]["proxy"] == "params"


def test_layers_are_printed_when_asked_for(croze):
    arguments = ("score", "--arch", CELL, *TINY, "--proxies", "croze-positional,params")
    assert "stem.0" not in croze(*arguments).out
    assert "stem.0" in croze(*arguments, "--show-layers").out


@pytest.mark.parametrize("kind", NETWORKS)
def test_networks_of_every_kind(croze, models, kind):
    outcome = croze("score", "--model", f"{models}:{kind}", "--seed", 4, "--json", "-")
    assert outcome.code == 0
    batch = load_batch("digits", size=8, seed=4)
    with seeded(4):
        network = NETWORKS[kind]()
    expected = score_all(network, batch, "croze-robust,params,live-params,flops", seed=4)
    assert [(s["value"], s["reason"]) for s in outcome.json["scores"]] == [
        (s.value, s.reason) for s in expected
    ]
    assert outcome.json["scores"][1]["ok"]


def test_the_file_may_hold_the_network_itself(croze, models):
    models.write_text("from torch import nn\nready = nn.Sequential(nn.Flatten(), nn.Linear(3072, 10))\n")
    arguments = ("score", "--model", f"{models}:ready", "--proxies", "croze-paper", "--json", "-")
    first, again, other = (croze(*arguments, "--seed", s).json["scores"][0]["value"] for s in (0, 0, 1))
    assert first == again != other


def test_the_users_own_prints_stay_out_of_the_json(croze, models):
    outcome = croze("score", "--model", f"{models}:Pixels", "--proxies", "live-params", "--json", "-")
    assert outcome.json["scores"][0]["ok"]
    assert "text of the user's own" in outcome.err
    assert "more text" in outcome.err


def test_a_model_may_normalise_its_input_itself(croze, models):
    arguments = ("--proxies", "live-params", "--json", "-")
    by_attribute = croze("score", "--model", f"{models}:Pixels", *arguments).json["scores"][0]
    assert by_attribute["ok"]
    models.write_text(MODELS.replace("normalises_input = True", ""))
    failed = croze("score", "--model", f"{models}:Pixels", *arguments)
    assert failed.code == 1
    assert failed.json["scores"][0]["reason"] == "ValueError: expected pixels in [0, 1]"
    by_option = croze("score", "--model", f"{models}:Pixels", "--normalises-input", *arguments)
    assert by_option.json["scores"][0]["value"] == by_attribute["value"]


def test_a_network_that_fails_is_a_failed_score(croze, models):
    outcome = croze("score", "--model", f"{models}:Failing", "--proxies", "live-params,flops", "--json", "-")
    assert outcome.code == 1
    reasons = [s["reason"] for s in outcome.json["scores"]]
    assert reasons == ["RuntimeError: sizes [/3] and [4] differ"] * 2
    assert "sizes [/3] and [4] differ" in outcome.err
    assert "Traceback" not in outcome.err
    some = croze("score", "--model", f"{models}:Failing", "--proxies", "live-params,params", "--json", "-")
    assert some.code == 0
    assert [s["ok"] for s in some.json["scores"]] == [False, True]


def test_seed_and_batch_size_count(croze):
    def value(*arguments):
        outcome = croze("score", "--arch", CELL, *TINY, "--proxies", "croze-paper", "--json", "-", *arguments)
        return outcome.json["scores"][0]["value"]

    base = value()
    assert value("--seed", 0, "--batch-size", 8) == base
    others = [
        value(*a) for a in (("--seed", 1), ("--batch-size", 9), ("--sampling", "random"), ("--augment",))
    ]
    assert len({base, *others}) == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--model FILE.py:FUNCTION"),
        (["--arch", CELL, "--model", "m.py:f"], "either your own network"),
        (["--arch", "|conv~0|"], "is not a NAS-Bench-201 cell"),
        (["--arch", ""], "is not a NAS-Bench-201 cell"),
        (["--arch", CELL, "--space", "dart"], "Unknown space 'dart'; the known ones are nasbench201, darts"),
        (["--arch", CELL, "--space", "darts"], "is not a genotype"),
        (["--arch", CELL, "--layers", "8"], "The space nasbench201 has no setting 'layers'; it has channels"),
        (["--arch", "AdvRush", "--space", "nasnet"], "of the space darts, not of nasnet: name that space"),
        (["--arch", "AdvRash"], "No published architecture is called 'AdvRash'; did you mean AdvRush"),
        (["--arch", CELL, "--proxies", "snap"], "Unknown proxy 'snap'; the known ones are croze-paper"),
        (["--arch", CELL, "--proxies", "croze"], "croze-paper, croze-official, croze-positional"),
        (["--arch", CELL, "--proxies", ""], "Cannot read ''"),
        (["--arch", CELL, "--proxies", "params,params"], "named twice"),
        (["--arch", CELL, "--proxies", "params(x=1)"], "takes no arguments"),
        (["--arch", CELL, "--proxies", "croze-paper(beta=much)"], "must be a number, got 'much'"),
        (["--arch", CELL, "--proxies", "croze-paper(bta=1)"], "no argument 'bta'; it takes beta"),
        (["--arch", CELL, "--proxies", "croze-paper(beta=1"], "croze-paper"),
        (["--arch", CELL, "--proxies", "croze-paper(perturbation=fog)"], "fog"),
        (["--arch", CELL, "--data", "mnist"], "mnist"),
        (["--arch", CELL, "--data", "npz:/nowhere.npz"], "nowhere"),
        (["--arch", CELL, "--sampling", "lucky"], "lucky"),
        (["--arch", CELL, "--batch-size", "100000"], "100000"),
        (["--arch", CELL, *TINY, "--proxies", "params", "--json", "."], "Cannot write"),
        (["--model", "models.py"], "is named as FILE.py:FUNCTION"),
        (["--model", "models.py:"], "is named as FILE.py:FUNCTION"),
        (["--model", "models.txt:build"], "is named as FILE.py:FUNCTION"),
        (["--model", "nowhere.py:build"], "not a file"),
    ],
)
def test_bad_input_is_one_line(croze, arguments, message):
    outcome = croze("score", *arguments)
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert outcome.err.startswith("croze: error: ")
    assert message in outcome.err


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing", "got nothing of that name"),
        ("number", "something of type int"),
        ("nothing", "got nothing"),
        ("broken", "broken() of"),
        ("Settings", "something of type Settings"),
    ],
)
def test_a_model_that_is_none(croze, models, name, message):
    outcome = croze("score", "--model", f"{models}:{name}")
    errors = outcome.err.splitlines()
    assert outcome.code == 2
    # the file's own text, then the sentence
    assert errors[0] == "text of the user's own"
    assert len(errors) == 2
    assert message in errors[1]


@pytest.mark.parametrize("text", ["def build(:\n", "import nowhere_at_all\n", "raise ValueError('a\\nb')\n"])
def test_a_file_that_cannot_be_run(refused, models, text):
    models.write_text(text)
    assert "cannot be run" in refused("score", "--model", f"{models}:build")
