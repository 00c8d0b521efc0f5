import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from croze.errors import CrozeError
from croze.training import RECIPES, Recipe, find_recipe
from croze.training.step import drop_path, learning_rate


def test_the_papers_settings():
    standard, pgd = RECIPES["standard"], RECIPES["pgd"]
    assert (standard.epochs, standard.lr, standard.momentum, standard.weight_decay) == (200, 0.1, 0.9, 1e-4)
    assert standard.batch_size == 64
    assert (pgd.epsilon * 255, pgd.step * 255, pgd.steps) == (8, 2, 7)
    assert RECIPES["trades"].beta == 6
    assert (RECIPES["fast"].step / RECIPES["fast"].epsilon, RECIPES["fast"].steps) == (1.25, 1)


def test_changes_are_read_and_the_step_follows_epsilon():
    found = find_recipe("pgd", {"epochs": "3", "epsilon": "4/255", "augment": "no", "lr": "5e-2"})
    assert (found.epochs, found.augment, found.lr) == (3, False, 0.05)
    assert found.epsilon * 255 == pytest.approx(4)
    assert found.step * 255 == pytest.approx(1)
    assert find_recipe("pgd", {"epsilon": "4/255", "step": "2/255"}).step * 255 == pytest.approx(2)


@pytest.mark.parametrize(
    ("name", "changes", "says"),
    [
        ("madry", {}, "standard, pgd, trades, fast"),
        ("pgd", {"epsilonn": "1"}, "has no setting 'epsilonn'"),
        ("pgd", {"method": "fast"}, "has no setting 'method'"),
        ("pgd", {"epochs": "two"}, "whole number"),
        ("pgd", {"lr": "fast"}, "must be a number"),
        ("pgd", {"lr": "nan"}, "at least"),
        ("pgd", {"epsilon": "8"}, "8/255"),
        ("pgd", {"augment": "maybe"}, "yes or no"),
        ("standard", {"momentum": "1"}, "momentum must be"),
        ("standard", {"epochs": "2", "warmup": "2"}, "leaves nothing"),
        ("standard", {"validation": "0"}, "validation must be"),
        ("standard", {"schedule": "linear"}, "schedule is cosine or multistep, got 'linear'"),
        ("standard", {"milestones": "0.5,x"}, "milestones are numbers such as"),
        ("standard", {"milestones": "0.5,1"}, "milestones are shares of the training"),
        ("pgd", {"norm": "l1"}, "norm is linf or l2"),
        ("pgd", {"epsilon": "2"}, "epsilon"),
        ("standard", {"awp": "0.01"}, "leave awp out"),
    ],
)
def test_what_makes_no_sense_is_refused(name, changes, says):
    with pytest.raises(CrozeError, match=says):
        find_recipe(name, changes)


def test_every_number_of_a_recipe_has_a_range():
    for field in dataclasses.fields(Recipe):
        if field.type in ("int", "float"):
            with pytest.raises(CrozeError):
                dataclasses.replace(Recipe(), **{field.name: -1})


@given(st.integers(1, 500), st.integers(0, 50), st.floats(1e-4, 1))
def test_the_learning_rate(total, warmup, base):
    total += warmup
    recipe = Recipe(lr=base)
    rates = [learning_rate(recipe, step, total, warmup) for step in range(total)]
    assert max(rates) == pytest.approx(base)
    assert rates.index(max(rates)) in (warmup, warmup - 1)
    assert all(rate > 0 for rate in rates)
    after = rates[warmup:]
    assert after == sorted(after, reverse=True)
    middle = learning_rate(recipe, warmup + 50, warmup + 100, warmup)
    assert middle == pytest.approx(base / 2)
    steps = find_recipe("standard", {"lr": base, "schedule": "multistep", "milestones": "0.5,0.75"})
    assert [learning_rate(steps, step, 8) for step in (0, 3, 4, 5, 6, 7)] == pytest.approx(
        [base, base, base / 10, base / 10, base / 100, base / 100]
    )


def test_drop_path_rises():
    assert [drop_path(0.2, step, 4) for step in range(4)] == pytest.approx([0, 0.05, 0.1, 0.15])


def test_settings_that_play_no_part_are_not_shown():
    idle = {"beta", "epsilon", "steps", "milestones", "drop_path", "awp"}
    assert not idle & Recipe().in_use(stacked=False).keys()
    used = Recipe(method="trades", schedule="multistep", awp=0.005).in_use(stacked=True)
    assert idle <= used.keys()
    assert used["beta"] == 6
    assert "steps" not in Recipe(method="fast").in_use(stacked=True)
