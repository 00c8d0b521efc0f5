import subprocess
import sys
from inspect import signature

import pytest

from croze.paper.commands import PARTS, reproduce
from croze.paper.figure3 import figure3


def test_what_names_every_command_of_the_group(croze):
    outcome = croze("reproduce", "what", "--json", "-")
    assert outcome.code == 0
    names = [part["name"] for part in outcome.json]
    commands = {command.name for command in reproduce.registered_commands} - {"what"}
    assert commands <= set(names)
    assert len(names) == len(set(names)) == len(PARTS)
    assert {f"table{k}" for k in range(1, 7)} | {f"figure{k}" for k in range(2, 6)} <= set(names)
    for part in outcome.json:
        assert part["name"] in outcome.err
        assert all(part.values())


def test_the_help_points_to_it(croze):
    outcome = croze("reproduce", "--help")
    assert "`croze reproduce what` lists the data that each one needs" in " ".join(outcome.out.split())


def test_figure_3_is_the_simulation(croze):
    texts = [croze(*verb, "--help").out for verb in (("reproduce", "figure3"), ("simulate",))]
    assert texts[0].split("Simulate search", 1)[1] == texts[1].split("Simulate search", 1)[1]
    text = " ".join(texts[0].split())
    assert "Figure 3 of the paper" in text
    assert "[default: 3000]" in text
    assert signature(figure3).parameters["strategies"].default == (
        "random,evolution,random+warmup,evolution+warmup,evolution+move,evolution+warmup+move"
    )


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_every_verb_has_a_help_text(croze, part):
    text = croze("reproduce", part.name, "--help").out
    assert f"croze reproduce {part.name} [OPTIONS]" in text
    assert "--json" in text


def test_help_texts_of_the_groups_import_no_verb():
    code = (
        "import sys; from croze.__main__ import main; sys.argv = ['croze', 'reproduce', '--help'];"
        "main_ends = None\ntry: main()\nexcept SystemExit: pass\n"
        "assert not {'torch', 'numpy'} & set(sys.modules), 'imported'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
