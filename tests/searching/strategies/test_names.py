"""Strategies by name, their settings and what is refused."""

import pytest

from croze.errors import CrozeError
from croze.searching.strategies import (
    ALGORITHMS,
    LocalSearch,
    Move,
    RandomSearch,
    RegularisedEvolution,
    algorithm_name,
    make_algorithm,
    settings_of,
    takes_guide,
)
from croze.spaces.nasbench201 import NASBench201

SPACE = NASBench201(channels=4, cells=1)


def indifferent(architectures):
    return [0.0] * len(architectures)


def test_the_strategies_are_those_of_the_paper_and_three_more():
    assert set(ALGORITHMS) == {
        "random",
        "random+warmup",
        "evolution",
        "evolution+warmup",
        "evolution+move",
        "evolution+warmup+move",
        "local-search",
        "nsga2",
    }


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("RAND", "random"),
        ("AE", "evolution"),
        ("RAND+warmup", "random+warmup"),
        ("AE+warmup", "evolution+warmup"),
        ("AE+move", "evolution+move"),
        ("AE+warmup+move", "evolution+warmup+move"),
        ("AE + Warmup + Move", "evolution+warmup+move"),
        ("NSGA2", "nsga2"),
        ("Local-Search", "local-search"),
        *((name, name) for name in ALGORITHMS),
    ],
)
def test_names_are_read_in_any_case_and_in_the_papers_words(text, name):
    assert algorithm_name(text) == name
    assert settings_of(text) == settings_of(name)


def test_names_make_what_they_say():
    kinds = {"RAND": RandomSearch, "ae": RegularisedEvolution, "AE+move": Move, "local-search": LocalSearch}
    for name, kind in kinds.items():
        assert type(make_algorithm(name, SPACE, 0)) is kind


@pytest.mark.parametrize("name", ["evolve", "ae+", "warmup", "move+evolution", ""])
def test_unknown_names_are_listed(name):
    with pytest.raises(CrozeError, match=rf"'{name.replace('+', '[+]')}'.*random, .*evolution, .*nsga2"):
        make_algorithm(name, SPACE, 0)


def test_settings_have_the_papers_defaults():
    assert settings_of("random") == settings_of("local-search") == {}
    assert settings_of("random+warmup") == {"pool": 3000}
    assert settings_of("evolution") == {"population": 50, "tournament": 10}
    assert settings_of("evolution+warmup") == {"pool": 3000, "population": 50, "tournament": 10}
    assert settings_of("evolution+move") == {"population": 50, "neighbours_per_parent": None}
    assert settings_of("evolution+warmup+move") == {
        "pool": 3000,
        "population": 50,
        "neighbours_per_parent": None,
    }
    assert settings_of("nsga2") == {"population": 50}


def test_a_guide_is_for_warmup_and_move():
    assert {name for name in ALGORITHMS if takes_guide(name)} == {
        "random+warmup",
        "evolution+warmup",
        "evolution+move",
        "evolution+warmup+move",
    }


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("random", {"pool": 5}, "random has no setting pool; it has no settings"),
        ("evolution", {"pool": 5}, "evolution has no setting pool; its settings are population, tournament"),
        (
            "AE+move",
            {"tournament": 5},
            r"evolution\+move has no setting tournament; .* population, neighbours_per_parent",
        ),
        ("random", {"guide": indifferent}, r"random takes no guide; .* random\+warmup, evolution\+warmup, "),
        ("random+warmup", {}, "without a guide leaves a random search as it is: name a guide"),
        ("random+warmup", {"guide": indifferent, "pool": 0}, "at least 1 architecture, got 0"),
        ("evolution+warmup", {"pool": 0}, "pool of a warm-up needs at least 1 architecture, got 0"),
        ("evolution+warmup", {"pool": 49}, "must hold the population, got pool 49, population 50"),
        ("evolution+warmup", {"population": 5}, "tournament 10, population 5"),
        ("evolution+move", {"population": 0}, "population needs at least 1 architecture, got 0"),
        ("evolution+move", {"neighbours_per_parent": -1, "guide": indifferent}, "0 for all, got -1"),
        ("evolution+warmup+move", {"neighbours_per_parent": 4}, "neighbours_per_parent of 4 needs a guide"),
        ("nsga2", {"population": 0}, "population needs at least 1 architecture, got 0"),
    ],
)
def test_settings_that_mean_nothing_are_refused(name, settings, message):
    with pytest.raises(CrozeError, match=message) as raised:
        make_algorithm(name, SPACE, 0, **settings)
    assert str(raised.value).count(". ") == 0, "one sentence"
