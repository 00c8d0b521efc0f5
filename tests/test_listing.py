import dataclasses
import subprocess
import sys

import pytest

import croze.listing as listing
from croze.corruptions import KINDS, SEVERITIES
from croze.data import READERS
from croze.declared import declared
from croze.perturb import PERTURBATIONS
from croze.proxies import AGGREGATES, PROXIES
from croze.robustness.attacks import ATTACKS
from croze.searching.strategies import ALGORITHMS
from croze.spaces import SPACES
from croze.spaces.genotypes import named
from croze.training.recipe import RECIPES
from croze.truth import BENCHMARKS


def arguments_of(kind):
    defaults = {field.name: field.default for field in dataclasses.fields(kind)}
    return {k: "+".join(v) if isinstance(v, tuple) else v for k, v in defaults.items()}


def first_line(text):
    return text.strip().splitlines()[0].rstrip(".")


def test_proxies_are_listed_as_their_classes_say():
    found = listing.list_proxies()
    assert [entry.name for entry in found] == list(PROXIES)
    for entry in found:
        kind = PROXIES[entry.name]
        assert entry.to_json() == {
            "name": kind.name,
            "summary": kind.summary,
            "source": kind.source,
            "higher_is_better": kind.higher_is_better,
            "arguments": arguments_of(kind),
        }


def test_aggregates_are_listed_with_their_definition():
    found = {entry.name: entry for entry in listing.list_aggregates()}
    for name, aggregate in AGGREGATES.items():
        assert found[name].summary == f"{aggregate.summary}: {aggregate.definition}"
        assert found[name].details["source"] == aggregate.source


def test_attacks_are_listed_as_their_classes_say():
    found = listing.list_attacks()
    assert [entry.name for entry in found] == list(ATTACKS)
    for entry in found:
        kind = ATTACKS[entry.name]
        assert entry.details == {
            "source": kind.source,
            "norms": list(kind.norms),
            "needs_gradients": kind.needs_gradients,
            "needs_training": kind.needs_training,
            "arguments": arguments_of(kind),
        }
        assert entry.summary.startswith(kind.summary)


def test_corruptions_are_listed_with_their_constants():
    found = listing.list_corruptions()
    assert [entry.name for entry in found] == list(KINDS)
    for entry in found:
        kind = KINDS[entry.name]
        assert entry.details["constants"] == [dataclasses.asdict(kind.at(s)) for s in SEVERITIES]
        assert entry.summary.startswith(kind.summary)


def test_genotypes_and_recipes_are_listed_as_they_are():
    for entry, one in zip(listing.list_genotypes(), named().values(), strict=True):
        assert entry.name == one.name
        assert entry.details["architecture"] == one.architecture
        assert (entry.details["params"], entry.details["live_params"]) == (one.params, one.live_params)
    for entry, (name, recipe) in zip(listing.list_recipes(), RECIPES.items(), strict=True):
        assert entry.name == name
        changed = entry.details["arguments"]
        assert {key: getattr(recipe, key) for key in changed} == changed
        assert dataclasses.replace(RECIPES["standard"], **changed) == recipe


@pytest.mark.parametrize(
    ("kind", "things"),
    [
        ("spaces", {name: sys.modules[space.__module__].__doc__ for name, space in SPACES.items()}),
        ("algorithms", {name: strategy.__doc__ for name, strategy in ALGORITHMS.items()}),
        ("perturbations", {name: type(one).__doc__ for name, one in PERTURBATIONS.items()}),
        ("data", {name: summary + "\n" for name, (_, summary) in READERS.items()}),
    ],
)
def test_the_others_are_listed_with_their_first_line(kind, things):
    found = {entry.name: entry.summary for entry in listing.KINDS[kind]()}
    assert list(found) == list(things)
    assert all(first_line(things[name]).startswith(summary.rstrip(".")) for name, summary in found.items())


def test_truths_are_listed():
    assert [entry.name for entry in listing.list_truths()] == list(BENCHMARKS)


def test_nothing_is_imported_for_a_list():
    code = (
        "import sys\nimport croze.listing as listing\n"
        "for entries in listing.KINDS.values():\n    assert entries()\n"
        "print([m for m in ('torch', 'numpy', 'scipy', 'rich', 'typer') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_notebook_shows_a_table():
    assert "<td>snip</td>" in listing.list_proxies()._repr_html_()


def test_what_is_not_declared_is_said():
    with pytest.raises(LookupError, match=r"croze.proxies.snip declares no Snap"):
        declared("croze.proxies.snip", "Snap")
    with pytest.raises(LookupError, match="comes from torch"):
        declared("croze.types", "torch")
    with pytest.raises(AttributeError, match="Snip declares no colour"):
        _ = declared("croze.proxies.snip", "Snip").colour
