"""`croze list`: what there is to choose from."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from croze.cli.options import Json


def listing(
    what: Annotated[
        str | None,
        typer.Argument(
            help="proxies, aggregates, spaces, genotypes, algorithms, data, perturbations, attacks, "
            "corruptions or benchmarks; all without."
        ),
    ] = None,
    json: Json = None,
) -> None:
    """List what there is to choose from: proxies, spaces, algorithms, attacks, corruptions and more."""
    from croze.cli.output import console, emit_json
    from croze.errors import CrozeError
    from croze.reporting.table import Table

    catalogue = _catalogue()
    if what is not None and what not in catalogue:
        raise CrozeError(f"Cannot list {what!r}; expected one of {', '.join(catalogue)}.")
    chosen = {what: catalogue[what]} if what is not None else catalogue
    out = console(json)
    for kind, entries in chosen.items():
        rows = []
        for entry in entries:
            arguments = ", ".join(f"{k}={v}" for k, v in entry.get("arguments", {}).items())
            note = f"{entry['summary']} [{arguments}]" if arguments else entry["summary"]
            rows.append((entry["name"], note))
        out.print(Table(kind, "", ("name", "summary"), tuple(rows), prose=True))
    emit_json(json, chosen)


def _catalogue() -> dict[str, list[dict[str, Any]]]:
    from dataclasses import asdict, fields
    from importlib import import_module

    from croze.corruptions import GROUPS, SEVERITIES
    from croze.corruptions import KINDS as CORRUPTIONS
    from croze.data import READERS
    from croze.perturb import PERTURBATIONS
    from croze.proxies import AGGREGATES, PROXIES
    from croze.proxies.aggregate import KINDS
    from croze.robustness.attacks import ATTACKS
    from croze.searching.strategies import ALGORITHMS
    from croze.spaces import SPACES
    from croze.spaces.genotypes import Named, named
    from croze.truth import BENCHMARKS

    def first_line(text: str | None) -> str:
        return (text or "").strip().splitlines()[0].rstrip(".")

    def of_module(thing: Any) -> str:
        return first_line(sys.modules[thing.__module__].__doc__)

    def of_genotype(entry: Named) -> str:
        printed = f"; the CRoZe paper prints {entry.printed}M, {entry.note}" if entry.printed else ""
        return f"{entry.space}: {entry.params:,} params, {entry.live_params:,} live{printed}"

    return {
        "proxies": [
            {
                "name": name,
                "summary": kind.summary,
                "source": kind.source,
                "higher_is_better": kind.higher_is_better,
                "arguments": {
                    f.name: "+".join(f.default) if isinstance(f.default, tuple) else f.default
                    for f in fields(kind)
                },
            }
            for name, kind in PROXIES.items()
        ],
        "aggregates": [
            *({"name": f"{kind}(...)", "summary": summary} for kind, summary in KINDS.items()),
            *(
                {"name": name, "summary": f"{a.summary}: {a.definition}", "source": a.source}
                for name, a in AGGREGATES.items()
            ),
        ],
        "spaces": [{"name": name, "summary": of_module(kind)} for name, kind in SPACES.items()],
        "genotypes": [
            {
                "name": entry.name,
                "summary": of_genotype(entry),
                "space": entry.space,
                "params": entry.params,
                "live_params": entry.live_params,
                "printed": entry.printed,
                "note": entry.note,
                "source": entry.source,
                "architecture": entry.text,
            }
            for entry in named().values()
        ],
        "algorithms": [
            {"name": name, "summary": first_line(kind.__doc__)} for name, kind in ALGORITHMS.items()
        ],
        "data": [{"name": name, "summary": summary} for name, (_, summary) in READERS.items()],
        "perturbations": [
            {"name": name, "summary": first_line(type(kind).__doc__)} for name, kind in PERTURBATIONS.items()
        ],
        "attacks": [
            {
                "name": name,
                "summary": f"{kind.summary}, in {' and '.join(kind.norms)}",
                "source": kind.source,
                "norms": list(kind.norms),
                "needs_gradients": kind.needs_gradients,
                "needs_training": kind.needs_training,
                "arguments": {f.name: f.default for f in fields(kind)},
            }
            for name, kind in ATTACKS.items()
        ],
        "corruptions": [
            {
                "name": name,
                "summary": f"{kind.summary} ({group})",
                "group": group,
                "constants": [asdict(kind.at(severity)) for severity in SEVERITIES],
            }
            for name, kind in CORRUPTIONS.items()
            for group, members in GROUPS.items()
            if name in members
        ],
        "benchmarks": [
            {"name": name, "summary": first_line(import_module(module).__doc__)}
            for name, module in BENCHMARKS.items()
        ],
    }
