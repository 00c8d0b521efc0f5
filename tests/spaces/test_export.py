import random
import subprocess
import sys
import types

import pytest
import torch

from croze.errors import CrozeError
from croze.spaces import SPACES, open_space
from croze.spaces.export import standalone

NETS = '''
"""A user's own module."""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from torch import Tensor, nn
from torch import nn as again
import torch.nn.functional as F

from croze.errors import CrozeError
from croze.spaces import SPACES

WIDTH = 8
UNUSED = SPACES
SCALES: Sequence[float] = (1.0, math.pi)


def marked(kind: type) -> type:
    kind.marked = True
    return kind


# why it is there
@marked
class Net(nn.Module):
    """Squares.

    Nothing more.
    """

    def __init__(self, classes: int, activation: Callable[[Tensor], Tensor] = F.relu) -> None:
        super().__init__()
        self.scale = SCALES[1]
        self.layer = again.Linear(3, WIDTH)
        self.last = nn.Linear(WIDTH, classes)
        self.activation = activation

    def forward(self, images: Tensor) -> Tensor:
        marked = images.mean((2, 3)) * self.scale
        return self.last(self.activation(self.layer(marked)))


class Space:
    def refuse(self) -> None:
        raise CrozeError("a mistake")


def guarded() -> None:
    raise CrozeError("a mistake")
'''


@pytest.fixture
def module(tmp_path, monkeypatch):
    def made(source: str, name: str = "own_nets") -> types.ModuleType:
        (tmp_path / f"{name}.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, name, raising=False)
        found = __import__(name)
        monkeypatch.setitem(sys.modules, name, found)
        return found

    return made


def test_only_what_is_needed_comes_along(module):
    text = standalone([module(NETS)], "def build():\n    return Net(classes=5)", title="A network.")
    assert text.startswith('"""A network."""\n\nfrom __future__ import annotations\n\nimport math\n')
    for needed in (
        "class Net",
        "WIDTH = 8",
        "SCALES",
        "def marked",
        "import math",
        "# why it is there\n@marked",
    ):
        assert needed in text
    for other in ("croze", "Space", "UNUSED", "guarded"):
        assert other not in text
    assert "from collections.abc import Callable, Sequence\n\nimport torch\n" in text
    assert "from torch import Tensor, nn, nn as again\n" in text
    scope = {"__name__": "exported"}
    exec(compile(text, "exported.py", "exec"), scope)
    network = scope["build"]()
    assert network.marked
    assert network(torch.rand(2, 3, 4, 4)).shape == (2, 5)


def test_what_needs_croze_is_refused_with_its_name(module):
    with pytest.raises(CrozeError, match=r"needs CrozeError of croze\.errors; .*name that module"):
        standalone([module(NETS)], "def build():\n    return guarded()", title="x")


def test_a_name_that_stands_twice_is_refused_where_it_is_needed(module):
    one, other = module(NETS), module("WIDTH = 9\nOTHER = 1\n", "own_others")
    assert "OTHER" in standalone([one, other], "def build():\n    return OTHER", title="x")
    with pytest.raises(CrozeError, match="WIDTH is defined twice among own_nets, own_others"):
        standalone([one, other], "def build():\n    return Net(5)", title="x")


def test_modules_import_each_other(module):
    base = module("STEP = 2\n\n\ndef step(x):\n    return x + STEP\n", "own_base")
    top = module("from own_base import step\n\n\ndef twice(x):\n    return step(step(x))\n", "own_top")
    text = standalone([base, top], "def build():\n    return twice(1)", title="x")
    assert "own_base" not in text
    scope = {"__name__": "exported"}
    exec(text, scope)
    assert scope["build"]() == 5


def test_a_module_without_source_is_refused():
    with pytest.raises(CrozeError, match="source of ghost cannot be read"):
        standalone([types.ModuleType("ghost")], "def build():\n    return 1", title="x")


def test_exported_files_run_by_themselves(tmp_path):
    names = list(SPACES)
    small = {name: {"layers": 3, "channels": 4} for name in SPACES}
    small |= {"nats-sss": {}, "macro": {}, "nasbench201": {"cells": 1, "channels": 4}}
    for name in names:
        space = open_space(name, **small[name])
        source = space.export(space.sample(random.Random(2)), classes=6)
        assert "Stages" not in source
        assert ("RobNet" in source) == (name == "robnet")
        (tmp_path / f"{name}.py").write_text(source)
    code = (
        f"import runpy, sys\nfor name in {names}: runpy.run_path(name + '.py', run_name='__main__')\n"
        "print(sorted(m for m in sys.modules if m.startswith('croze')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1::2] == ["logits (2, 6)"] * len(names)
    assert done.stdout.splitlines()[-1] == "[]"
