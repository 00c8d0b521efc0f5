"""A benchmark in a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from croze.ranking.charts import benchmark_charts, standings
from croze.ranking.page_cells import cells_chart
from croze.ranking.quality_charts import costs_table, quality_tables
from croze.reporting.part import Fact, Part, basis_of
from croze.reporting.table import Table
from croze.reporting.text import correlation, text_of

OWN = ("croze-robust", "croze-positional")
"""What this project tuned on one half of the cells."""


def benchmark_part(result: Mapping[str, Any]) -> Part:
    """What `croze benchmark` wrote."""
    truth, selection, scored = result["truth"], result["selection"], result["scored_on"]
    charts = benchmark_charts(result)
    columns, proxies = standings(result)
    order = [s.proxy for s in proxies]
    cells = cells_chart(result, order) if charts else None
    facts = []
    if charts:
        best = proxies[0]
        facts = [
            Fact("best mean rho", correlation(best.rho[-1]), best.proxy),
            Fact("given size", correlation(best.partial[-1]), "the same proxy"),
        ]
    facts += [
        Fact("cells", f"{result['cells']:,}", f"of {result['chosen']:,}, {result['distinct']:,} distinct"),
        Fact("proxies", f"{len(proxies):,}", f"on {max(len(columns) - 1, 0)} columns"),
        Fact("half of the cells", str(selection["half"]), f"seed {selection['seed']}"),
    ]
    failures = result.get("failures") or {}
    return Part(
        "benchmark",
        f"Benchmark on {truth['name']}, {truth['dataset']}",
        f"Proxies held against measured accuracies of {truth['name']} ({truth['dataset']}). All rows rest "
        "on the "
        f"same {result['cells']:,} cells, those on which every proxy succeeded. Corruption groups: "
        f"{result['convention']} convention.",
        tuple(facts),
        charts if cells is None else (*charts, cells),
        tuple(
            sheet
            for sheet in (
                *(quality_tables(result, order) if charts else ()),
                _failures(failures, result["chosen"]),
                costs_table(result["milliseconds_per_cell"]),
                _files(truth),
            )
            if sheet.rows
        ),
        _notices(result, selection, order, bool(charts)),
        basis=basis_of(
            result["provenance"],
            ("truth", text_of({k: v for k, v in truth.items() if isinstance(v, str | int)})),
            ("selection", text_of({k: v for k, v in selection.items() if v is not None})),
            ("bootstrap", text_of(result["bootstrap"])),
            ("space", scored.get("space")),
            ("data", scored.get("data")),
            ("images in the batch", scored.get("images")),
            ("SHA-256 of the batch", scored.get("batch")),
            ("seed of the scores", scored.get("seed")),
            ("engine", scored.get("engine")),
        ),
    )


def _notices(
    result: Mapping[str, Any], selection: Mapping[str, Any], proxies: list[str], drawn: bool
) -> tuple[str, ...]:
    notices = []
    if not drawn:
        notices.append(
            f"There is nothing to compare: every proxy succeeded on {result['cells']:,} of "
            f"{result['chosen']:,} cells."
        )
    own = [proxy for proxy in proxies if proxy in OWN]
    if own and selection["half"] != "report":
        notices.append(
            f"{' and '.join(own)} {'was' if len(own) == 1 else 'were'} tuned on the `choose` half of the "
            "cells, and "
            f"these are {'both halves' if selection['half'] == 'both' else 'that half'}: only --half "
            "report is a fair "
            "comparison."
        )
    return tuple(notices)


def _files(truth: Mapping[str, Any]) -> Table:
    found = truth.get("sha256") or {}
    rows = (
        tuple((str(name), str(digest)) for name, digest in found.items())
        if isinstance(found, Mapping)
        else ()
    )
    return Table("Files of the truth", "What they held, by SHA-256.", ("file", "SHA-256"), rows, prose=True)


def _failures(failures: Mapping[str, Any], chosen: int) -> Table:
    rows = tuple(
        (proxy, f"{found['cells']:,} of {chosen:,}", str(found["first_reason"]))
        for proxy, found in failures.items()
    )
    return Table(
        "Failures",
        "A cell on which a proxy fails is left out for all of them.",
        ("proxy", "cells", "the first because"),
        rows,
        prose=True,
    )
