"""Spaces of named choices: notation, moves, choices that decide nothing, options that do not go together."""

import collections
import random
import subprocess
import sys
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from croze.errors import CrozeError
from croze.nn.count import parameter_count
from croze.spaces.choices import ChoiceSpace, Chosen
from croze.spaces.user import open_user_space
from croze.testing.spaces import check_space


class Net(nn.Module):
    def __init__(self, classes, width, depth, kernels, gate, act):
        super().__init__()
        layers = []
        inputs = 3
        for kernel in kernels[:depth]:
            layers += [nn.Conv2d(inputs, width, kernel, padding=kernel // 2), getattr(nn, act)()]
            inputs = width
        self.body = nn.Sequential(*layers)
        self.gate = nn.Linear(inputs, inputs) if gate else nn.Identity()
        self.head = nn.Linear(inputs, classes)

    def forward(self, x):
        return self.head(self.gate(self.body(x).mean(dim=(2, 3))))


@dataclass(frozen=True)
class Stack(ChoiceSpace):
    """Up to three convolutions; `k3` counts where there are three, `inner` where the gate is on."""

    width: int = 4

    name = "stack"
    network = Net

    @property
    def choices(self):
        return {
            "depth": (1, 2, 3),
            "k1": (1, 3),
            "k2": (1, 3),
            "k3": (1, 3),
            "gate": (False, True),
            "inner": (True, False),
            "act": ("ReLU", "GELU"),
            "rate": (0.5, 1e-05),
        }

    def unused(self, chosen):
        absent = [f"k{k}" for k in (1, 2, 3) if k > chosen["depth"]]
        return [*absent, "rate", *([] if chosen["gate"] else ["inner"])]

    def allowed(self, chosen):
        return not (chosen["depth"] == 3 and chosen["k3"] == 3 and chosen["k1"] == 3)

    def arguments(self, chosen):
        kernels = [chosen[f"k{k}"] for k in (1, 2, 3)]
        gate = chosen["gate"] and chosen["inner"]
        return {
            "width": self.width,
            "depth": chosen["depth"],
            "kernels": kernels,
            "gate": gate,
            "act": chosen["act"],
        }


SPACE = Stack()
TEXT = "depth=2,k1=3,k2=1,k3=3,gate=True,inner=False,act=GELU,rate=1e-05"
architectures = st.integers(0, 2**32).map(lambda seed: SPACE.sample(random.Random(seed)))


@given(architectures)
def test_text_round_trip(architecture):
    assert SPACE.parse(str(architecture)) == architecture
    shuffled = str(architecture).split(",")
    random.Random(0).shuffle(shuffled)
    assert SPACE.parse(" , ".join(shuffled).replace("=", " = ")) == architecture


def test_values_come_back_as_what_they_are():
    chosen = SPACE.parse(TEXT)
    assert dict(chosen.options) == {
        "depth": 2,
        "k1": 3,
        "k2": 1,
        "k3": 3,
        "gate": True,
        "inner": False,
        "act": "GELU",
        "rate": 1e-05,
    }
    assert chosen["act"] == "GELU"
    assert [type(v) for _, v in chosen.options] == [int, int, int, int, bool, bool, str, float]
    assert chosen.replacing("k1", 1) == SPACE.parse(TEXT.replace("k1=3", "k1=1"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "'' is no choice with an option"),
        ("depth", "'depth' is no choice with an option"),
        (TEXT + ",", "'' is no choice with an option"),
        (TEXT.replace("k1", "k9"), "there is no choice 'k9'"),
        (TEXT + ",depth=2", "depth is chosen twice"),
        (TEXT.replace("depth=2,", ""), "depth is not chosen"),
        (TEXT.replace("depth=2", "depth=4"), "depth has the options 1, 2, 3, not '4'"),
        (TEXT.replace("GELU", "gelu"), "act has the options ReLU, GELU, not 'gelu'"),
        (TEXT.replace("depth=2", "depth=3"), "these options do not go together"),
    ],
)
def test_malformed_text(text, why):
    with pytest.raises(CrozeError) as caught:
        SPACE.parse(text)
    message = str(caught.value)
    assert "is no architecture of stack: " in message
    assert why in message
    if "together" not in why:
        example = message.split("one looks like ")[1].strip("'.")
        assert isinstance(SPACE.parse(example), Chosen)


@given(architectures)
def test_what_decides_nothing_has_its_first_option(architecture):
    canonical = SPACE.canonical(architecture)
    first = {name: options[0] for name, options in SPACE.choices.items()}
    unused = SPACE.unused(architecture)
    for name, value in canonical.options:
        assert value == (first[name] if name in unused else architecture[name])


def test_the_canonical_form_is_the_same_network():
    for seed in range(20):
        architecture = SPACE.sample(random.Random(seed))
        one = SPACE.build(architecture, classes=5, seed=1)
        other = SPACE.build(SPACE.canonical(architecture), classes=5, seed=1)
        x = torch.rand(2, 3, 8, 8)
        assert torch.equal(one(x), other(x))


@dataclass(frozen=True)
class Chain(ChoiceSpace):
    """Each choice decides whether the next one counts."""

    name = "chain"
    network = Net

    @property
    def choices(self):
        return dict.fromkeys("abcd", ("off", "on"))

    def unused(self, chosen):
        return [later for one, later in zip("abc", "bcd", strict=True) if chosen[one] == "off"]


def test_choices_that_depend_on_each_other_settle():
    canonical = Chain().canonical(Chain().parse("a=off,b=on,c=on,d=on"))
    assert str(canonical) == "a=off,b=off,c=off,d=off"
    assert str(Chain().canonical(Chain().parse("a=on,b=on,c=off,d=on"))) == "a=on,b=on,c=off,d=off"


@given(architectures, st.integers(0, 2**32))
def test_a_move_changes_one_choice_that_decides_something(architecture, seed):
    child = SPACE.mutate(architecture, random.Random(seed))
    changed = [name for name, value in child.options if value != architecture[name]]
    assert len(changed) == 1
    assert changed[0] not in SPACE.unused(architecture)
    assert SPACE.allowed(child)
    neighbours = SPACE.neighbours(architecture)
    assert child in neighbours
    by_hand = [
        architecture.replacing(name, option)
        for name, options in SPACE.choices.items()
        for option in options
        if name not in SPACE.unused(architecture) and option != architecture[name]
    ]
    assert neighbours == [n for n in by_hand if SPACE.allowed(n)]


def test_every_choice_moves_equally_often_however_many_options_it_has():
    architecture = SPACE.parse(TEXT)
    rng = random.Random(0)
    counts: collections.Counter[str] = collections.Counter()
    for _ in range(6000):
        child = SPACE.mutate(architecture, rng)
        counts[next(n for n, v in child.options if v != architecture[n])] += 1
    # of depth only one option is allowed; k3 and rate decide nothing
    assert set(counts) == {"depth", "k1", "k2", "gate", "inner", "act"}
    assert all(850 < count < 1150 for count in counts.values())


def test_samples_are_uniform_over_what_is_allowed():
    rng = random.Random(0)
    drawn = collections.Counter(
        (a["depth"], a["k1"], a["k3"]) for a in (SPACE.sample(rng) for _ in range(11000))
    )
    assert len(drawn) == 3 * 2 * 2 - 1
    assert all(850 < count < 1150 for count in drawn.values())


def test_the_contract_holds():
    check_space(SPACE)
    check_space(Stack(width=7), shape=(3, 5, 9))


def test_networks_are_built_from_settings_and_choices():
    assert parameter_count(Stack(8).build(SPACE.parse(TEXT), classes=3, seed=0)) == (
        (27 * 8 + 8) + (8 * 8 + 8) + (8 * 3 + 3)
    )
    with torch.device("meta"):
        assert next(SPACE.build(SPACE.parse(TEXT), classes=3, seed=0).parameters()).is_meta
    with pytest.raises(CrozeError, match="Unknown flavour 'thin'; stack has default"):
        SPACE.build(SPACE.parse(TEXT), classes=3, seed=0, flavour="thin")


class Linear(nn.Module):
    def __init__(self, classes, width, image_size, bias):
        super().__init__()
        self.net = nn.Sequential(
            nn.Flatten(), nn.Linear(3 * image_size**2, width), nn.Linear(width, classes, bias=bool(bias))
        )

    def forward(self, x):
        return self.net(x)


@dataclass(frozen=True)
class Short(ChoiceSpace):
    """All that a space needs."""

    image_size: int = 8
    width: int = 2

    name = "short"
    network = Linear

    @property
    def choices(self):
        return {"bias": (0, 1)}


def test_without_more_said_the_network_takes_settings_and_choices():
    space = Short(image_size=4)
    check_space(space, shape=(3, 4, 4))
    assert space.arguments(space.parse("bias=1")) == {"image_size": 4, "width": 2, "bias": 1}
    assert "zeros(2, 3, 4, 4)" in space.export(space.parse("bias=1"), classes=10)


def test_an_exported_file_runs_by_itself(tmp_path):
    file = tmp_path / "network.py"
    file.write_text(SPACE.export(SPACE.parse(TEXT), classes=10))
    done = subprocess.run(
        [sys.executable, "-I", file], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    params = parameter_count(SPACE.build(SPACE.parse(TEXT), classes=10, seed=0))
    assert f"{params} parameters" in done.stdout
    assert "logits (2, 10)" in done.stdout


FILE = """
from dataclasses import dataclass

from torch import nn

from croze.spaces.choices import ChoiceSpace
{imports}

class Net(nn.Module):
    def __init__(self, classes, depth):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), {body}, nn.LazyLinear(classes))

    def forward(self, x):
        return self.net(x)


class Outer:
    class Net(Net):
        pass


@dataclass(frozen=True)
class Mine(ChoiceSpace):
    name = "mine"
    network = Net

    @property
    def choices(self):
        return {{"depth": (1, 2)}}
"""


@pytest.fixture
def written(tmp_path):
    """Opens the space `Mine` of a file made of this text."""
    path, modules = list(sys.path), set(sys.modules)

    def of(imports="", body="nn.ReLU()", more="", **files):
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text)
        (tmp_path / "space_written.py").write_text(FILE.format(imports=imports, body=body) + more)
        return open_user_space(f"{tmp_path / 'space_written'}.py:Mine")

    yield of
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith("space_"):
            del sys.modules[name]


def exported(space):
    scope = {"__name__": "exported"}
    exec(space.export(space.parse("depth=2"), classes=4), scope)
    return scope["build"]()


def test_blocks_of_a_neighbouring_file_come_along(written):
    space = written(
        "from space_blocks import Block", "Block()", space_blocks="from torch import nn\n\nBlock = nn.GELU\n"
    )
    assert exported(space)(torch.rand(2, 3, 4, 4)).shape == (2, 4)
    assert "space_blocks" not in space.export(space.parse("depth=1"), classes=4)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        (
            {
                "imports": "from croze.nn.count import parameter_count as Block",
                "body": "nn.ReLU(bool(Block))",
            },
            "needs Block of croze.nn.count",
        ),
        (
            {"more": "    def arguments(self, chosen):\n        return {'depth': object}\n"},
            "mine cannot be exported: its network takes depth=<class 'object'>, which cannot be written down",
        ),
        (
            {"more": "    network = Outer.Net\n"},
            "mine cannot be exported: Outer.Net must stand by itself in its file",
        ),
        (
            {"imports": "import space_blocks", "body": "space_blocks.Block()"},
            "mine cannot be exported: its network needs space_blocks; "
            "write `from space_blocks import ...` where it is imported",
        ),
    ],
)
def test_what_cannot_be_exported(written, kwargs, message):
    space = written(**kwargs, space_blocks="from torch import nn\n\nBlock = nn.GELU\n")
    with pytest.raises(CrozeError) as caught:
        space.export(space.parse("depth=1"), classes=4)
    assert message in str(caught.value)


def of_choices(choices, **attributes):
    made = type("Made", (Short,), {"choices": choices, "name": "made", **attributes})
    return made()


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({}, "The space made has no choices."),
        ({"a": ()}, "The choice 'a' of made needs options that differ, got ()."),
        ({"a": (1, 1)}, "needs options that differ, got (1, 1)"),
        ({"a": (1, True)}, "needs options that differ"),
        ({"a": (1, "1")}, "needs options that differ"),
        ({"a=b": (1, 2)}, "The choice 'a=b' of made, or one of its options 1, 2, is empty or has"),
        ({"": (1, 2)}, "The choice '' of made"),
        ({"a": ("x,y", "z")}, "one of its options x,y, z, is empty or has a comma"),
        ({"a": ("x y", "z")}, "or a space in it: write it without"),
        ({"a": ("", "z")}, "is empty"),
    ],
)
def test_choices_that_are_none(choices, message):
    with pytest.raises(CrozeError) as caught:
        of_choices(choices).sample(random.Random(0))
    assert message in str(caught.value)


def test_a_space_that_allows_nothing_ends(monkeypatch):
    monkeypatch.setattr("croze.spaces.choices.TRIES", 50)
    never = of_choices({"a": (1, 2)}, allowed=lambda self, chosen: False)
    with pytest.raises(CrozeError, match="The space made allowed none of 50 architectures"):
        never.sample(random.Random(0))
    alone = of_choices({"a": (1, 2), "b": (1, 2)}, allowed=lambda self, c: c["a"] == c["b"] == 1)
    assert alone.neighbours(alone.parse("a=1,b=1")) == []
    with pytest.raises(CrozeError, match="No single choice of a=1,b=1 can be changed within the space made"):
        alone.mutate(alone.parse("a=1,b=1"), random.Random(0))


def test_a_space_must_be_a_dataclass():
    class Plain(ChoiceSpace):
        name = "plain"
        network = Linear
        choices = {"bias": (0, 1)}  # noqa: RUF012 - as a user may write it

    with pytest.raises(CrozeError, match=r"Plain must be a frozen dataclass.*write @dataclass"):
        Plain().sample(random.Random(0))
