"""The settings of a search: what decides its course, and whether a folder holds the result of another one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from croze.errors import CrozeError
from croze.evaluation import Evaluator
from croze.limits import Limits
from croze.proxies import Aggregate, Criterion

FREE = ("budget", "data")
"""Settings that do not make another search: a larger budget goes on, and `batch` says what the data were."""


def search_settings(
    evaluator: Evaluator, criterion: Criterion, algorithm: str, own: Mapping[str, Any], limits: Limits
) -> dict[str, Any]:
    """Everything that the course of a search depends on but its budget, JSON-ready.

    Args:
        evaluator: its context counts: space, images, seed.
        criterion: what is ranked by; a named aggregate counts with its definition.
        algorithm: its name.
        own: the algorithm's own settings.
        limits: what candidates may cost.
    """
    return {
        "proxy": criterion.spec,
        **({"definition": criterion.definition} if isinstance(criterion, Aggregate) else {}),
        "algorithm": algorithm,
        **own,
        "max_params": limits.params,
        "max_flops": limits.flops,
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
