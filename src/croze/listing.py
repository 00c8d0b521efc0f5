"""What there is to choose from, by kind; nothing of it is imported."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from html import escape
from importlib.metadata import entry_points
from importlib.resources import files
from typing import Any

from croze.declared import Declared, declared, module_line
from croze.notation import spec_of


@dataclass(frozen=True)
class Entry:
    """One thing to choose: its name as it is written, a line about it, and what else is known, JSON-ready.

    Arguments with their defaults stand under `arguments` of the details.
    """

    name: str
    summary: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Name, summary and details in one mapping."""
        return {"name": self.name, "summary": self.summary, **self.details}


class Entries(list[Entry]):
    """Entries that a notebook shows as a table."""

    def _repr_html_(self) -> str:
        rows = (f"<tr><td>{escape(one.name)}</td><td>{escape(one.summary)}</td></tr>" for one in self)
        return f"<table>{''.join(rows)}</table>"


def list_proxies() -> Entries:
    """Every proxy, those of installed packages last.

    >>> [entry.name for entry in list_proxies()][:3]
    ['croze-paper', 'croze-official', 'croze-positional']
    """
    found = [_proxy(kind) for kind in declared("croze.proxies.registry", "_BUILT_IN")]
    if entry_points(group="croze.proxies"):
        from croze.proxies import PROXIES  # those of other packages say what they are when they are imported

        found += [_proxy(PROXIES[name]) for name in list(PROXIES)[len(found) :]]
    return Entries(found)


def list_aggregates() -> Entries:
    """The ways to put proxies together, and the named aggregates."""
    found = [
        Entry(f"{kind}(...)", summary)
        for kind, summary in declared("croze.proxies.aggregate", "KINDS").items()
    ]
    for name, one in declared("croze.proxies.registry", "AGGREGATES").items():
        parts = ",".join(spec_of(part.name, part.settings, part.fields) for part in one.parts)
        found.append(Entry(name, f"{one.summary}: {one.kind}({parts})", {"source": one.source}))
    return Entries(found)


def list_spaces() -> Entries:
    """The search spaces of the package."""
    spaces = declared("croze.spaces", "SPACES")
    return Entries([Entry(name, kind.module_line) for name, kind in spaces.items()])


def list_genotypes() -> Entries:
    """Published architectures that can be named in place of their notation."""
    content = json.loads((files("croze") / "spaces" / "genotypes.json").read_text(encoding="utf-8"))
    return Entries([_genotype(name, entry) for name, entry in content.items()])


def list_algorithms() -> Entries:
    """The strategies of a search."""
    strategies = declared("croze.searching.strategies", "ALGORITHMS")
    return Entries([Entry(name, kind.line) for name, kind in strategies.items()])


def list_recipes() -> Entries:
    """How networks are trained, each with the settings in which it differs from `standard`."""
    found = []
    for name, recipe in declared("croze.training.recipe", "RECIPES").items():
        found.append(Entry(name, f"{recipe.method} training", {"arguments": dict(recipe.given)}))
    return Entries(found)


def list_data() -> Entries:
    """The readers of data sets, with what each reads."""
    readers = declared("croze.data.registry", "READERS")
    return Entries([Entry(name, summary) for name, (_, summary) in readers.items()])


def list_perturbations() -> Entries:
    """The perturbations of inputs that proxies know."""
    kinds = declared("croze.perturb.inputs", "PERTURBATIONS")
    return Entries([Entry(name, kind.line) for name, kind in kinds.items()])


def list_attacks() -> Entries:
    """The attacks on trained networks."""
    return Entries([_attack(kind) for kind in declared("croze.robustness.attacks", "ATTACKS").values()])


def list_corruptions() -> Entries:
    """The corruptions of CIFAR-C, with their constants at severity 1 to 5."""
    groups = declared("croze.corruptions.names", "GROUPS")
    kinds = declared("croze.corruptions.apply", "KINDS")
    found = []
    for name, kind in kinds.items():
        (group,) = (group for group, members in groups.items() if name in members)
        constants = [dict(zip(kind.fields, values, strict=True)) for values in kind.constants]
        found.append(Entry(name, f"{kind.summary} ({group})", {"group": group, "constants": constants}))
    return Entries(found)


def list_truths() -> Entries:
    """The readers of published measurements."""
    modules = declared("croze.truth.catalogue", "BENCHMARKS")
    return Entries([Entry(name, module_line(module)) for name, module in modules.items()])


KINDS: Mapping[str, Callable[[], Entries]] = {
    "proxies": list_proxies,
    "aggregates": list_aggregates,
    "spaces": list_spaces,
    "genotypes": list_genotypes,
    "algorithms": list_algorithms,
    "recipes": list_recipes,
    "data": list_data,
    "perturbations": list_perturbations,
    "attacks": list_attacks,
    "corruptions": list_corruptions,
    "truths": list_truths,
}
"""What can be listed."""


def _proxy(kind: Any) -> Entry:
    details = {
        "source": kind.source,
        "higher_is_better": kind.higher_is_better,
        "arguments": _arguments(kind),
    }
    return Entry(kind.name, kind.summary, details)


def _attack(kind: Declared) -> Entry:
    details = {
        "source": kind.source,
        "norms": list(kind.norms),
        "needs_gradients": kind.needs_gradients,
        "needs_training": kind.needs_training,
        "arguments": _arguments(kind),
    }
    return Entry(kind.name, f"{kind.summary}, in {' and '.join(kind.norms)}", details)


def _genotype(name: str, entry: Mapping[str, Any]) -> Entry:
    printed, note = entry.get("printed", ""), entry.get("note", "")
    said = f"; the CRoZe paper prints {printed}M, {note}" if printed else ""
    return Entry(
        name,
        f"{entry['space']}: {entry['params']:,} params, {entry['live_params']:,} live{said}",
        {
            "space": entry["space"],
            "params": entry["params"],
            "live_params": entry["live_params"],
            "printed": printed,
            "note": note,
            "source": entry["source"],
            "architecture": entry["architecture"],
        },
    )


def _arguments(kind: Any) -> dict[str, Any]:
    """Arguments with their defaults, a tuple as it is written."""
    defaults = kind.fields if isinstance(kind, Declared) else {f.name: f.default for f in fields(kind)}
    return {key: "+".join(value) if isinstance(value, tuple) else value for key, value in defaults.items()}
