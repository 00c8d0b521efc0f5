"""Spaces that a user names as `my_file.py:MySpace`, and what identifies them."""

import json
import pickle
import random
import subprocess
import sys

import pytest
import torch

from croze.data import load_batch
from croze.errors import CrozeError
from croze.proxies import parse_proxies
from croze.scoring.evaluator import Evaluator
from croze.scoring.starting import start_method
from croze.spaces import open_space, space_from_json, space_to_json
from croze.spaces.user import METHODS, is_user_spec, open_user_space, space_identity
from croze.testing.spaces import check_space
from croze.user_code import user_modules

BY_CHOICES = """
from dataclasses import dataclass

from torch import nn

from croze.errors import CrozeError
from croze.spaces.choices import ChoiceSpace


class Net(nn.Module):
    def __init__(self, classes, channels, depth, kernel):
        super().__init__()
        self.stem = nn.Conv2d(3, channels, 1)
        self.body = nn.Sequential(
            *(nn.Sequential(nn.Conv2d(channels, channels, kernel, padding=kernel // 2), nn.ReLU())
              for _ in range(depth))
        )
        self.head = nn.Linear(channels, classes)

    def forward(self, x):
        return self.head(self.body(self.stem(x)).mean(dim=(2, 3)))


@dataclass(frozen=True)
class Mine(ChoiceSpace):
    channels: int = 4

    name = "mine"
    network = Net

    def __post_init__(self):
        if self.channels < 1:
            raise CrozeError(f"Mine needs at least 1 of channels, got {self.channels}.")

    @property
    def choices(self):
        return {"depth": (1, 2, 3), "kernel": (1, 3, 5)}


def wide(channels=64):
    return Mine(channels)


def broken():
    raise KeyError("a")


def demanding(channels):
    return Mine(channels)


class Half:
    name = "half"
    flavours = ("default",)

    def parse(self, text): ...
    def sample(self, rng): ...
    def mutate(self, architecture, rng): ...


@dataclass(frozen=True)
class Nameless(Mine):
    name = ""


@dataclass(frozen=True)
class Flavourless(Mine):
    flavours = ["default"]


@dataclass(frozen=True)
class Repeating(Mine):
    @property
    def choices(self):
        return {"depth": (1, 1)}


@dataclass(frozen=True)
class Failing(Mine):
    def sample(self, rng):
        return {}["width"]


MADE = Mine(8)
number = 3
"""

# the protocol by hand, without a base class: a bit for each of three layers
BY_HAND = '''
import random
import re

import torch
from torch import nn

from croze.errors import CrozeError


class Bits:
    """Text of three digits; a 1 is a layer, a 0 is none."""

    name = "bits"
    flavours = ("default",)

    def __repr__(self):
        return "Bits()"

    def parse(self, text):
        if not re.fullmatch("[01]{3}", text):
            raise CrozeError(f"An architecture of bits is three digits 0 or 1, got {text!r}.")
        return text

    def sample(self, rng):
        return "".join(rng.choice("01") for _ in range(3))

    def mutate(self, bits, rng, /):
        return rng.choice(self.neighbours(bits))

    def neighbours(self, bits, /):
        return [bits[:i] + "10"[int(bits[i])] + bits[i + 1 :] for i in range(3)]

    def canonical(self, bits, /):
        return "".join(sorted(bits))

    def build(self, bits, /, *, classes, seed, flavour="default"):
        if flavour != "default":
            raise CrozeError(f"bits has one flavour, default, got {flavour!r}.")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return network(bits.count("1"), classes)

    def export(self, bits, /, *, classes):
        return SOURCE + f"\\n\\ndef build():\\n    return network({bits.count('1')}, {classes})\\n"


SOURCE = """
from torch import nn


def network(depth, classes):
    layers = [layer for _ in range(depth) for layer in (nn.Linear(8, 8), nn.ReLU())]
    first = nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, 8)
    return nn.Sequential(*first, *layers, nn.Linear(8, classes))
"""
exec(SOURCE)
'''


@pytest.fixture(autouse=True)
def imports_undone():
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if "space_" in name and not name.startswith("croze"):
            del sys.modules[name]


@pytest.fixture
def space_file(tmp_path, monkeypatch):
    """`space_file.py` in the current folder."""
    file = tmp_path / "space_file.py"
    file.write_text(BY_CHOICES)
    monkeypatch.chdir(tmp_path)
    return file


def refused(spec, **settings):
    with pytest.raises(CrozeError) as caught:
        open_user_space(spec, **settings)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_spec_has_a_colon():
    assert is_user_spec("my_file.py:MySpace")
    assert is_user_spec("package.module:MySpace")
    assert not is_user_spec("nasbench201")


def test_class_function_and_space_itself(space_file):
    assert repr(open_user_space("space_file.py:Mine")) == "Mine(channels=4)"
    assert repr(open_user_space("space_file:Mine", channels=6)) == "Mine(channels=6)"
    assert repr(open_user_space(f"{space_file}:wide")) == "Mine(channels=64)"
    assert repr(open_user_space("space_file:wide", channels=3)) == "Mine(channels=3)"
    assert repr(open_user_space("space_file:MADE")) == "Mine(channels=8)"
    assert repr(open_user_space("space_file:Mine", channels=None, cells=None)) == "Mine(channels=4)"
    assert repr(open_user_space("space_file:MADE", channels=None)) == "Mine(channels=8)"
    assert open_user_space("croze.spaces.nasbench201:NASBench201", cells=2) == open_space(
        "nasbench201", cells=2
    )


def test_both_ways_to_write_a_space_keep_the_contract(space_file, tmp_path):
    check_space(open_user_space("space_file:Mine"))
    (tmp_path / "space_by_hand.py").write_text(BY_HAND)
    check_space(open_user_space("space_by_hand:Bits"))


@pytest.mark.parametrize(
    ("spec", "settings", "message"),
    [
        ("space_file:", {}, "A space of your own is named as FILE.py:CLASS, got 'space_file:'."),
        (":Mine", {}, "named as FILE.py:CLASS"),
        ("space_file:Mine()", {}, "named as FILE.py:CLASS"),
        ("nowhere.py:Mine", {}, "nowhere.py is not a file."),
        ("nowhere:Mine", {}, "nowhere is neither a file (nowhere.py) nor a module that can be imported."),
        ("space_file:Yours", {}, "space_file has no 'Yours'; the spaces it has are Mine, Nameless,"),
        ("json:Yours", {}, "json has no 'Yours'; json has no class that is a space."),
        ("space_file:Mine", {"cells": 3}, "Mine has no setting 'cells'; it has channels."),
        ("space_file:broken", {"cells": 3}, "broken has no setting 'cells'; it has none."),
        ("space_file:demanding", {}, "demanding needs the setting 'channels', which was not given."),
        (
            "space_file:MADE",
            {"channels": 3},
            "is a space that is made already and takes no settings, got channels",
        ),
        ("space_file:Mine", {"channels": 0}, "Mine needs at least 1 of channels, got 0."),
        ("space_file:broken", {}, "broken() of space_file failed: KeyError: 'a'."),
        ("space_file:number", {}, "space_file:number is no space: an int has no method parse()"),
        ("space_file:Half", {}, "space_file:Half is no space: a Half has no method neighbours()"),
        ("space_file:Nameless", {}, "its name must be a text, got ''"),
        ("space_file:Flavourless", {}, "its flavours must be a tuple of names, got ['default']"),
        ("space_file:Repeating", {}, "The choice 'depth' of mine needs options that differ, got (1, 1)."),
        ("space_file:Failing", {}, "sample() of space_file:Failing failed: KeyError: 'width'."),
    ],
)
def test_mistakes_are_one_sentence(space_file, spec, settings, message):
    assert message in refused(spec, **settings)


def test_every_method_of_the_protocol_is_asked_for(space_file):
    for missing in METHODS:
        space_file.write_text(
            BY_CHOICES + f"\nLame = type('Lame', (Mine,), {{{missing!r}: None, '__module__': __name__}})\n"
        )
        assert f"a Lame has no method {missing}()" in refused("space_file:Lame")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("class Mine(:\n", "SyntaxError"),
        ("import nowhere_at_all\n", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_file_that_cannot_be_run(space_file, text, reason):
    space_file.write_text(text)
    message = refused("space_file.py:Mine")
    assert message.startswith(f"{space_file} cannot be run: ")
    assert reason in message


@pytest.mark.parametrize("name", ["space_plain", "03_space of-mine"])
def test_a_worker_process_builds_and_scores_what_this_one_does(tmp_path, name):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "space_blocks.py").write_text(BY_CHOICES.split("@dataclass", 1)[0])
    (folder / f"{name}.py").write_text(
        "from space_blocks import Net\n"
        + BY_CHOICES.replace("class Net(nn.Module):", "class Unused(nn.Module):")
    )
    space = open_user_space(f"{folder / name}.py:Mine", channels=5)
    evaluator = Evaluator(space, load_batch("digits", size=4, seed=0), seed=3)
    architecture = space.sample(random.Random(0))
    request = (str(architecture), tuple(parse_proxies("croze-positional,params")))
    # as workers do: another number of threads rounds differently
    with start_method().Pool(1, torch.set_num_threads, (1,)) as pool:
        there = pool.apply(evaluator, (request,))
        moved = pool.apply(pickle.loads, (pickle.dumps((space, architecture)),))
    assert there == evaluator(request)
    assert all(score.ok for score in there)
    assert moved == (space, architecture)


def test_a_machine_without_the_file_builds_and_scores_the_same(tmp_path):
    """Sent by value, as the Ray executor does it, to a process that cannot import the file."""
    pickler = pytest.importorskip("ray.cloudpickle")
    (tmp_path / "space_blocks.py").write_text(BY_CHOICES.split("@dataclass", 1)[0])
    (tmp_path / "space_sent.py").write_text(
        "from space_blocks import Net\n"
        + BY_CHOICES.replace("class Net(nn.Module):", "class Unused(nn.Module):")
    )
    space = open_user_space(f"{tmp_path / 'space_sent'}.py:Mine", channels=5)
    evaluator = Evaluator(space, load_batch("digits", size=4, seed=0), seed=3)
    request = (str(space.sample(random.Random(0))), tuple(parse_proxies("croze-positional,params")))
    marked = user_modules()
    for module in marked:
        pickler.register_pickle_by_value(module)
    try:
        sent = pickler.dumps((evaluator, request))
    finally:
        for module in marked:
            pickler.unregister_pickle_by_value(module)
    there = (
        "import pickle, sys, torch; torch.set_num_threads(1); import ray.cloudpickle; "
        "evaluator, request = pickle.load(sys.stdin.buffer); "
        "print([score.value for score in evaluator(request)], repr(evaluator.space))"
    )
    done = subprocess.run([sys.executable, "-c", there], input=sent, capture_output=True, check=True, cwd="/")
    assert done.stdout.decode().strip() == f"{[s.value for s in evaluator(request)]} Mine(channels=5)"


def test_code_is_part_of_the_identity(tmp_path):
    found = {}
    for folder, text in (("a", BY_CHOICES), ("b", BY_CHOICES), ("c", BY_CHOICES.replace("ReLU", "GELU"))):
        file = tmp_path / folder / f"space_{folder}.py"
        file.parent.mkdir()
        file.write_text(text)
        found[folder] = open_user_space(f"{file}:Mine")
    assert repr(found["a"]) == repr(found["b"]) == repr(found["c"])
    assert space_identity(found["a"]) == space_identity(found["b"]) != space_identity(found["c"])
    assert space_identity(found["a"]).startswith("Mine(channels=4) sha256:")
    contexts = [Evaluator(found[f], load_batch("digits", size=4, seed=0), seed=0).context for f in "ac"]
    assert contexts[0]["space"] != contexts[1]["space"]


def test_an_edit_makes_another_space_of_it(space_file):
    before = open_user_space("space_file:Mine")
    identity = space_identity(before)
    space_file.write_text(BY_CHOICES.replace("ReLU", "GELU"))
    assert space_identity(before) == identity  # of what was run
    assert space_identity(open_user_space("space_file:Mine")) != identity


def test_a_space_of_the_package_is_known_by_its_settings():
    space = open_space("nasbench201", channels=8)
    assert space_identity(space) == repr(space) == "NASBench201(channels=8, cells=5)"


def test_a_script_has_the_identity_of_the_file_that_it_is(space_file):
    space_file.write_text(
        BY_CHOICES
        + """
if __name__ == "__main__":
    from croze.spaces.user import space_identity

    print(space_identity(Mine()))
"""
    )
    done = subprocess.run([sys.executable, space_file], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == space_identity(open_user_space("space_file:Mine"))


def test_a_users_space_comes_back_from_json(space_file):
    space = open_space("space_file.py:Mine", channels=5)
    described = json.loads(json.dumps(space_to_json(space)))
    assert described["spec"] == f"{space_file.resolve()}:Mine"
    assert (described["name"], described["settings"]) == ("mine", {"channels": 5})
    assert space_from_json(described) == space
    with pytest.raises(CrozeError, match="has changed since"):
        space_from_json({**described, "sha256": "0"})
    with pytest.raises(CrozeError, match="cannot be opened from what is known of it"):
        space_from_json({**described, "settings": None})


def test_a_space_in_no_file_says_so():
    class Here:
        name = "here"

        def __init__(self, width):
            self.width = width

    described = space_to_json(Here(3))
    assert (described["spec"], described["settings"]) == (None, None)
    with pytest.raises(CrozeError, match="no dataclass in a file of its own"):
        space_from_json(described)
