import json

import pytest

from croze.errors import CrozeError
from croze.spaces import SPACES, open_space, space_from_json, space_to_json
from croze.testing.spaces import check_space

CELLS = {"layers": 3, "channels": 4}
SMALL = {
    "nasbench201": {"channels": 4, "cells": 1},
    "darts": CELLS,
    "darts-released": CELLS,
    "nasnet": CELLS,
    "nats-sss": {},
    "macro": {},
    "robnet": CELLS,
}


def test_every_space_is_looked_at():
    assert list(SMALL) == list(SPACES)


@pytest.mark.parametrize("name", SPACES)
def test_every_space_meets_the_contract(name):
    check_space(open_space(name, **SMALL[name]))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("darts", {"affine": False}),
        ("darts", {"auxiliary": True, "drop_path": 0.3}),
        ("darts", {"network": "imagenet"}),
        ("robnet", {"shared": False}),
        ("robnet", {"shared": False, "network": "imagenet"}),
    ],
)
def test_other_networks_meet_it_too(name, settings):
    shape = (3, 64, 64) if settings.get("network") == "imagenet" else (3, 32, 32)
    check_space(open_space(name, **CELLS, **settings), samples=10, shape=shape)


@pytest.mark.parametrize("name", SPACES)
def test_settings_that_are_none_stay_at_the_default(name):
    assert open_space(name, layers=None, cells=None, channels=None) == open_space(name)
    assert repr(open_space(name)) == repr(open_space(name, **dict.fromkeys(SMALL[name])))


@pytest.mark.parametrize("name", SPACES)
def test_a_setting_that_a_space_has_not_is_named(name):
    wrong = "layers" if name == "nasbench201" else "cells"
    has = "none" if not SMALL[name] else ".*channels"
    with pytest.raises(CrozeError, match=f"The space {name} has no setting '{wrong}'; it has {has}"):
        open_space(name, **{wrong: 3})


@pytest.mark.parametrize("name", [name for name in SPACES if SMALL[name] is CELLS])
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layers": 0}, "at least 1 of layers, got 0"),
        ({"channels": 0}, "at least 1 of channels, got 0"),
        ({"channels": 1, "network": "imagenet"}, "at least 2 of channels, got 1"),
        ({"network": "mnist"}, "cifar or imagenet"),
        ({"drop_path": 1.0}, "0 to below 1"),
        ({"drop_path": float("nan")}, "0 to below 1"),
    ],
)
def test_impossible_settings_are_refused(name, settings, message):
    with pytest.raises(CrozeError, match=message):
        open_space(name, **settings)


@pytest.mark.parametrize("name", SPACES)
def test_a_space_comes_back_from_json(name):
    space = open_space(name, **SMALL[name])
    described = json.loads(json.dumps(space_to_json(space)))
    assert described["name"] == name
    assert described["settings"].items() >= SMALL[name].items()
    assert space_from_json(described) == space


@pytest.mark.parametrize("content", [{}, {"name": "darts"}, {"name": "darts", "settings": 3}, []])
def test_what_describes_no_space(content):
    with pytest.raises(CrozeError, match="This describes no search space"):
        space_from_json(content)
