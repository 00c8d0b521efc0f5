"""A search in a report."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from croze.reporting.chart import Chart
from croze.reporting.part import Fact, Part, basis_of, paired
from croze.reporting.table import Table
from croze.reporting.text import millions, number
from croze.searching.charts import search_charts
from croze.searching.finished import SearchRun
from croze.spaces.cell_chart import cell_chart
from croze.spaces.cell_graph import cell_graphs

MOST_CELLS = 4
"""Cells of one network that are drawn; a RobNet may have one a layer."""
MOST_REASONS = 12
TOP = 10

LIMITS = ("max_params", "max_live_params", "max_flops", "max_latency")


def search_part(run: SearchRun) -> Part:
    """What a search came to."""
    goals = " and ".join(f"{goal.spec} {'high' if goal.maximise else 'low'}" for goal in run.goals)
    space = _space(run.settings)
    asked = len(run.names) or int(run.result.get("scored", 0))
    about = (
        f"The space {space}, searched by {run.settings.get('algorithm')} for {goals}. Nothing was trained."
    )
    cells = winner_charts(run.winner_name)
    progress, *planes = search_charts(run) or (None,)
    charts = [] if progress is None else [replace(progress, half=len(cells) == 1)]
    return Part(
        "search",
        f"Search of {space} for {' and '.join(goal.spec for goal in run.goals)}",
        about,
        _facts(run, asked),
        paired([*charts, *cells, *planes]),
        _sheets(run),
        _notices(run, asked),
        run.winner_name,
        _basis(run),
    )


def winner_charts(architecture: str) -> tuple[Chart, ...]:
    """The cells of an architecture, where its notation is known."""
    if not architecture:
        return ()
    graphs = cell_graphs(architecture)[:MOST_CELLS]
    return tuple(cell_chart(graph, f"cell-{i}") for i, graph in enumerate(graphs, start=1))


def _facts(run: SearchRun, asked: int) -> tuple[Fact, ...]:
    best: Mapping[str, Any] = run.result.get("best") or {}
    place = run.winner
    facts = []
    for k, goal in enumerate(run.goals):
        value = best.get("scores", {}).get(goal.spec) if best else None
        if value is None and place is not None:
            value = float(run.values[place, k])
        if goal.spec in ("params", "flops"):
            continue
        label = "score of the winner" if len(run.goals) == 1 else f"{goal.spec} of the winner"
        facts.append(Fact(label, number(value), goal.spec if len(run.goals) == 1 else ""))
    params, flops = best.get("params"), best.get("flops")
    live = best.get("live_params")
    if params is not None:
        remark = "" if live in (None, params) else f"{millions(live)} live"
        facts.append(Fact("its parameters", millions(params), remark or "trainable"))
    if flops is not None:
        facts.append(Fact("its multiply-adds", millions(flops), "of one image"))
    facts.append(Fact("architectures scored", f"{asked:,}", _of_budget(run, asked)))
    failed = run.failed
    rejected = f"{run.rejected:,} more broke a limit" if run.rejected else "never ranked" if failed else ""
    facts.append(Fact("failed", f"{failed:,}", rejected))
    facts.append(Fact("device time", _time(run.device_seconds), "for all scores"))
    return tuple(facts)


def _of_budget(run: SearchRun, asked: int) -> str:
    budget = run.settings.get("budget")
    return f"of {budget:,} asked for" if budget and budget != asked else "all that were asked for"


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _notices(run: SearchRun, asked: int) -> tuple[str, ...]:
    notices = []
    if not run.finished:
        notices.append(
            f"This search has not finished: {asked:,} of {run.settings.get('budget', 0):,} architectures are "
            "on file here. Its command goes on where it was."
        )
    if run.result.get("ended_early"):
        notices.append(f"{run.result['ended_early']}.")
    if not run.names:
        notices.append(
            "This folder has no course of the search (candidates.json), so neither progress nor sizes of "
            "candidates can be drawn. The same search command adds it from the scores that are kept."
        )
    return tuple(notices)


def _sheets(run: SearchRun) -> tuple[Table, ...]:
    sheets = []
    several = "front" in run.result
    top = run.result.get("front" if several else "top") or []
    if top:
        names = [goal.spec for goal in run.goals if goal.spec not in ("params", "flops")]
        rows = tuple(
            (
                str(row["rank"]),
                row["architecture"],
                *(number(row["scores"].get(name)) for name in names),
                millions(row["params"]),
                millions(row["live_params"]),
                millions(row["flops"]),
            )
            for row in top[: 3 * TOP]
        )
        more = f" The first {len(rows)} of {len(top)}." if len(top) > len(rows) else ""
        sheets.append(
            Table(
                "The Pareto front" if several else "The best",
                f"Live parameters are those that a gradient reaches.{more}",
                ("rank", "architecture", *names, "parameters", "live", "multiply-adds"),
                rows,
            )
        )
    if run.reasons:
        ordered = sorted(run.reasons.items(), key=lambda item: -item[1])
        sheets.append(
            Table(
                "Failures",
                "A candidate that fails has no score and is never ranked.",
                ("because", "candidates"),
                tuple((reason, f"{count:,}") for reason, count in ordered[:MOST_REASONS]),
            )
        )
    return tuple(sheets)


def _basis(run: SearchRun) -> tuple[tuple[str, str], ...]:
    settings = run.settings
    own = {
        key: settings[key]
        for key in ("population", "tournament", "pool", "brood", "in_flight", "guide")
        if settings.get(key) is not None
    }
    return basis_of(
        run.provenance,
        ("space", settings.get("space")),
        ("objectives", [str(o.get("definition", o["objective"])) for o in settings.get("objectives", [])]),
        ("algorithm", settings.get("algorithm")),
        ("its settings", own),
        ("limits", {key: settings[key] for key in LIMITS if settings.get(key) is not None}),
        ("seed", settings.get("seed")),
        ("budget", settings.get("budget")),
        ("data", settings.get("data")),
        ("images in the batch", settings.get("images")),
        ("SHA-256 of the batch", settings.get("batch")),
        ("engine", settings.get("engine")),
        ("device", settings.get("device", "cpu")),
        ("device-seconds", f"{run.device_seconds:.1f}"),
    )


def _space(settings: Mapping[str, Any]) -> str:
    """`NASBench201(channels=16, ...)` by its name alone."""
    text = str(settings.get("space", "a space"))
    found = re.match(r"\w+", text)
    return found.group() if found else text
