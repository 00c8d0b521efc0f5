"""What docs/spaces.md says, followed to the letter."""

import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from croze.__main__ import main
from croze.nn.count import parameter_count
from croze.spaces.base import Space
from croze.spaces.user import METHODS, open_user_space

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "spaces.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


FILE, FROM_PYTHON, CONTRACT = blocks("python")
COMMANDS = [line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The file of the page in the current folder; imports of it are undone."""
    (tmp_path / "my_space.py").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)
    yield tmp_path
    sys.path[:] = path
    sys.modules.pop("my_space", None)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands(command, folder, monkeypatch, capsys):
    arguments = shlex.split(re.sub(r"--budget \d+", "--budget 6", command))
    monkeypatch.setattr(sys, "argv", [*arguments, "--json", "-"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code in (None, 0)
    result = json.loads(capsys.readouterr().out)
    if "search" in command:
        assert result["scored"] == 6
        assert result["best"]["params"] <= 20_000
        scope = {"__name__": "exported"}
        exec((folder / "runs" / "mine" / "network.py").read_text(), scope)
        assert parameter_count(scope["build"]()) == result["best"]["params"]
    else:
        assert all(score["ok"] for score in result["scores"])


def test_from_python(capsys):
    exec(FROM_PYTHON, {})
    assert float(capsys.readouterr().out) > 0


def test_the_contract(folder):
    open_user_space("my_space:MySpace")  # its folder is where a test would be run
    scope = {}
    exec(CONTRACT, scope)
    scope["test_my_space"]()


def test_the_page_names_the_whole_protocol():
    described = set(re.findall(r"^\| `(\w+)[`(]", TEXT.split("the protocol\n")[1], re.MULTILINE))
    described |= {"flavours"} if "| `name`, `flavours` |" in TEXT else set()
    assert described == {"name", "flavours", *METHODS}
    assert described == {name for name in vars(Space) if not name.startswith("_")}


def test_every_link_leads_somewhere():
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert links
    for link in links:
        assert (ROOT / "docs" / link).is_file(), link
