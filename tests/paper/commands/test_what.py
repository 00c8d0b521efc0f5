from inspect import signature

from croze.paper.commands import reproduce
from croze.paper.printed.parts import PARTS


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
    assert "`croze reproduce what` says which data each needs" in " ".join(outcome.out.split())


def test_figure_3_is_the_simulation(croze):
    from croze.paper.commands.simulate import simulate

    by_name = {command.name: command.callback for command in reproduce.registered_commands}
    assert by_name["figure3"] is simulate
    text = " ".join(croze("reproduce", "figure3", "--help").out.split())
    assert "The paper's Figure 3" in text
    assert "[default: 3000]" in text
    assert signature(simulate).parameters["strategies"].default == (
        "random,evolution,random+warmup,evolution+warmup,evolution+move,evolution+warmup+move"
    )
