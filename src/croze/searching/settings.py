"""The settings of a search: what decides its course, and whether a folder holds the result of another one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from croze.errors import CrozeError
from croze.proxies import Aggregate, Criterion
from croze.scoring.costs import Cost, TableLatency
from croze.scoring.evaluator import Evaluator
from croze.searching.limits import Limits
from croze.searching.loop import IN_FLIGHT
from croze.searching.objectives import Objective, definition_of

FREE = ("budget", "data", "workers", "devices")
"""Settings that do not make another search: a larger budget goes on, and `batch` says what the data were."""


def search_settings(
    evaluator: Evaluator,
    objectives: Sequence[Objective],
    algorithm: str,
    own: Mapping[str, Any],
    limits: Limits,
    *,
    guide: Criterion | None = None,
    in_flight: int = IN_FLIGHT,
) -> dict[str, Any]:
    """Everything that the course of a search depends on but its budget, JSON-ready.

    Args:
        evaluator: its context counts: space, images, seed.
        objectives: what is ranked by; a named aggregate counts with its definition.
        algorithm: its name.
        own: the algorithm's own settings.
        limits: what candidates may cost.
        guide: what the algorithm is guided by.
        in_flight: architectures asked for before the first is told.
    """
    latencies = [o.target for o in objectives if isinstance(o.target, Cost)]
    if limits.latency is not None:
        latencies.append(limits.latency_from)
    tables = {cost.source: cost.sha256 for cost in latencies if isinstance(cost, TableLatency)}
    return {
        "objectives": [
            {"objective": o.spec, "direction": "max" if o.maximise else "min", "definition": definition_of(o)}
            for o in objectives
        ],
        "algorithm": algorithm,
        **own,
        "guide": None if guide is None else guide.spec,
        **({"guide_definition": guide.definition} if isinstance(guide, Aggregate) else {}),
        "in_flight": in_flight,
        "max_params": limits.params,
        "max_live_params": limits.live_params,
        "max_flops": limits.flops,
        "max_latency": limits.latency,
        **({"latency": limits.latency_from.spec} if limits.latency is not None else {}),
        **({"latency_tables": tables} if tables else {}),
        **evaluator.context,
    }


def fingerprint(settings: Mapping[str, Any]) -> str:
    """Eight hex digits that differ between searches of different course."""
    return hashlib.sha256(json.dumps(_deciding(settings), sort_keys=True).encode()).hexdigest()[:8]


def check_folder(folder: Path, settings: Mapping[str, Any]) -> None:
    """Make sure that writing a result into this folder replaces none of another search.

    Raises:
        CrozeError: when its `best.json` is of a search with other settings, or cannot be read as a result.
    """
    path = folder / "best.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        before, now = _deciding(found["settings"]), _deciding(settings)
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise CrozeError(f"{path} is no result of a search that can be read; name another folder.") from None
    absent = object()
    differing = [key for key in {**now, **before} if before.get(key, absent) != now.get(key, absent)]
    if differing:
        raise CrozeError(
            f"{path} is the result of another search, which differs in {', '.join(differing)}: "
            "name another folder."
        )


def _deciding(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in FREE}
