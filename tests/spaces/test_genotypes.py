import json
import re
from decimal import Decimal

import pytest
import torch

from croze.errors import CrozeError
from croze.nn.count import live_parameter_count, parameter_count
from croze.spaces import open_space
from croze.spaces.genotypes import find, lookup, named, parse_or_suggest, resolve

NAMES = list(named())
FIELDS = ("normal", "normal_concat", "reduce", "reduce_concat")


def built(name, classes=10, **settings):
    space, architecture = find(name)
    return open_space(space, **settings).build(architecture, classes=classes, seed=0)


@pytest.mark.parametrize("name", NAMES)
def test_parameters_to_the_digit(name):
    with torch.device("meta"):
        assert parameter_count(built(name)) == named()[name].params


FAST = ("AdvRush", "CRoZe-CIFAR10")


@pytest.mark.parametrize("name", [n if n in FAST else pytest.param(n, marks=pytest.mark.slow) for n in NAMES])
def test_live_parameters_to_the_digit(name, digits):
    x = digits.normalised()[:2]
    assert live_parameter_count(built(name), x) == named()[name].live_params


def test_all_of_the_published_cells_are_there(shared_data):
    published = json.loads((shared_data.parent / "genotypes.json").read_text())
    for name, entry in published["genotypes"].items():
        ours = named()[name]
        architecture = open_space(entry["space"]).parse(json.dumps({f: entry[f] for f in FIELDS}))
        assert find(name) == (entry["space"], architecture)
        assert ours.params == entry["params_20x36_10classes_no_aux"]
        assert ours.live_params == entry["live_params_20x36"]
        assert ours.source == entry["source"]
    robnets = {name: cells for name, cells in published["robnet"].items() if name.startswith("RobNet")}
    for name, cells in robnets.items():
        assert find(name) == ("robnet", open_space("robnet").parse(json.dumps(cells)))
    assert len(NAMES) == len(published["genotypes"]) + len(robnets)


# what Table 3 of the CRoZe paper prints, in millions
PRINTED = {
    "PC-DARTS-CIFAR": "3.60",
    "DrNAS-CIFAR": "4.10",
    "RobNet-free": "5.44",
    "AdvRush": "4.20",
    "CRoZe-CIFAR10": "5.52",
    "CRoZe-CIFAR100": "4.72",
}


def test_the_printed_counts_are_explained():
    assert {name: entry.printed for name, entry in named().items() if entry.printed} == PRINTED
    for name, printed in PRINTED.items():
        note, count = named()[name].note, named()[name].params
        if "100 classes" in note:
            with torch.device("meta"):
                count = parameter_count(built(name, classes=100))
            assert f"{count:,}" in note
        places = Decimal("0.1") if "one decimal" in note else Decimal("0.01")
        assert (Decimal(count) / 10**6).quantize(places) == Decimal(printed), name
        assert ("dead nodes" in note) == (named()[name].live_params < named()[name].params)


def test_names_are_found_in_upper_and_lower_case():
    for name in NAMES:
        for spelling in (name.lower(), name.upper(), name.replace("-", "_"), f" {name} "):
            assert lookup(spelling) is named()[name]
        space, architecture = find(name)
        assert open_space(space).parse(str(architecture)) == architecture


def test_unknown_names_suggest_close_ones():
    with pytest.raises(CrozeError, match=r"'PC-DARTS'; did you mean .*PC-DARTS-CIFAR"):
        find("PC-DARTS")
    with pytest.raises(CrozeError, match=re.escape(f"known ones are {', '.join(NAMES)}.")):
        find("xyz")


def test_a_name_decides_its_space_and_must_be_of_the_one_that_is_named():
    assert resolve("advrush", None) == ("darts", named()["AdvRush"].architecture)
    assert resolve("advrush", "darts") == resolve("AdvRush", None)
    with pytest.raises(CrozeError, match="of the space darts, not of robnet: name that space"):
        resolve("AdvRush", "robnet")
    assert resolve("|none~0|", None) == ("nasbench201", "|none~0|")
    assert resolve("|none~0|", "darts") == ("darts", "|none~0|")


def test_what_looks_like_a_name_is_taken_for_one():
    space = open_space("darts")
    with pytest.raises(CrozeError, match="did you mean AdvRush"):
        parse_or_suggest(space, "Adv-Rush")
    for text in ("", "[1, 2]", "|none~0|", "Genotype()"):
        with pytest.raises(CrozeError, match="is not a genotype"):
            parse_or_suggest(space, text)
    assert parse_or_suggest(space, named()["AdvRush"].architecture) == find("AdvRush")[1]
