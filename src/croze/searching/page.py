"""A search in a report."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from croze.errors import CrozeError
from croze.reporting.chart import Chart
from croze.reporting.part import Fact, Part, basis_of, paired
from croze.reporting.table import Table
from croze.reporting.text import millions, number
from croze.searching.charts import SIZES, search_charts
from croze.spaces.cell_chart import cell_charts

if TYPE_CHECKING:
    from croze.searching.run import SearchRun

MOST_REASONS = 12

LIMITS = ("max_params", "max_live_params", "max_flops", "max_latency")
OWN = ("population", "tournament", "pool", "neighbours_per_parent", "in_flight", "guide")
"""Settings of strategies."""


def search_part(run: SearchRun) -> Part:
    """What a search came to."""
    space, best = run.described["name"], run.best
    goals = " and ".join(f"{goal.spec} {'high' if goal.maximise else 'low'}" for goal in run.goals)
    cells = _cells(run)
    progress, *planes = search_charts(run) or (None,)
    charts = [] if progress is None else [replace(progress, half=len(cells) == 1)]
    return Part(
        run.kind,
        f"Search of {space} for {' and '.join(goal.spec for goal in run.goals)}",
        f"The space {space}, searched by {run.settings['algorithm']} for {goals}. No candidate was trained.",
        _facts(run),
        paired([*charts, *cells, *planes]),
        _tables(run),
        _notices(run),
        "" if best is None else best.architecture,
        _basis(run),
    )


def _cells(run: SearchRun) -> tuple[Chart, ...]:
    """The winner's cells; none where a user's space is not at hand."""
    if run.best is None:
        return ()
    try:
        return cell_charts(run.space, run.space.parse(run.best.architecture))
    except CrozeError:
        return ()


def _facts(run: SearchRun) -> tuple[Fact, ...]:
    facts, best, asked = [], run.best, len(run.candidates)
    if best is not None:
        for spec, value in best.scores.items():
            if spec not in SIZES:
                label = f"{spec} of the winner" if run.several else "score of the winner"
                facts.append(Fact(label, number(value), "" if run.several else spec))
        if best.params is not None:
            dead = best.live_params not in (None, best.params)
            remark = f"{millions(best.live_params)} live" if dead else "trainable"
            facts.append(Fact("its parameters", millions(best.params), remark))
        if best.flops is not None:
            facts.append(Fact("its multiply-adds", millions(best.flops), "of one image"))
    budget, failed = run.settings["budget"], sum(run.reasons.values())
    of_budget = f"of {budget:,} asked for" if budget != asked else "all that were asked for"
    facts.append(Fact("architectures scored", f"{asked:,}", of_budget))
    rejected = f"{run.rejected:,} more violated a limit" if run.rejected else "never ranked" if failed else ""
    facts.append(Fact("failed", f"{failed:,}", rejected))
    facts.append(Fact("device time", _time(run.device_seconds), "for all scores"))
    return tuple(facts)


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _notices(run: SearchRun) -> tuple[str, ...]:
    if run.status == "unfinished":
        return (
            f"This search has not finished: {len(run.candidates):,} of {run.settings['budget']:,} "
            "architectures are on file. The same search continues from them.",
        )
    return (f"{run.reason}.",) if run.reason else ()


def _tables(run: SearchRun) -> tuple[Table, ...]:
    tables = []
    if run.best is not None:
        found = run.table()
        note = f"Live parameters are those that a gradient reaches. {found.note}".rstrip()
        tables.append(replace(found, title="The Pareto front" if run.several else "The best", note=note))
    if run.reasons:
        tables.append(
            Table(
                "Failures",
                "Failed candidates have no score and are not ranked.",
                ("because", "candidates"),
                tuple((reason, f"{count:,}") for reason, count in run.reasons.most_common(MOST_REASONS)),
            )
        )
    return tuple(tables)


def _basis(run: SearchRun) -> tuple[tuple[str, str], ...]:
    settings = run.settings

    def given(*keys: str) -> dict[str, Any]:
        return {key: settings[key] for key in keys if settings.get(key) is not None}

    return basis_of(
        run.provenance,
        ("space", settings["space"]),
        ("objectives", [goal.definition for goal in run.goals]),
        ("algorithm", settings["algorithm"]),
        ("its settings", given(*OWN)),
        ("limits", given(*LIMITS)),
        ("seed", settings["seed"]),
        ("budget", settings["budget"]),
        ("data", settings["data"]),
        ("images in the batch", settings["images"]),
        ("SHA-256 of the batch", settings["batch"]),
        ("engine", settings["engine"]),
        ("device", settings.get("device", "cpu")),
        ("device-seconds", f"{run.device_seconds:.1f}"),
    )
