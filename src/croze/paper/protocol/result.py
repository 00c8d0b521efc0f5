"""What a run of Table 3 or 4 left in its folder, read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from croze.errors import CrozeError


@dataclass(frozen=True)
class Found:
    """A method that searched.

    Attributes:
        name: spec of the criterion.
        seconds: device-seconds of a search, the mean over its searches.
        value: mean of the figure over its trained networks, in [0, 1].
        deviation: of the figure; None with one network.
        n: networks.
    """

    name: str
    seconds: float
    value: float
    deviation: float | None
    n: int


@dataclass(frozen=True)
class OwnRun:
    """One figure of a run.

    Attributes:
        table: `table3` or `table4`.
        dataset: of its images; `own` where nobody said.
        device: that searched, such as cpu.
        candidates: of a search.
        found: methods that searched and have the figure.
        without: rows that have not both a search of their own and the figure.
    """

    table: str
    dataset: str
    device: str
    candidates: int
    found: tuple[Found, ...]
    without: tuple[str, ...]


def read_run(folder: Path, table: str, figure: str) -> OwnRun:
    """A figure of the run in a folder.

    Args:
        folder: as `--out` of the table's command.
        table: `table3` or `table4`.
        figure: such as `hrs` or `avg`.

    Raises:
        CrozeError: when there is no such run, or its file cannot be read.
    """
    path = folder / f"{table}.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["table"] != table:
            raise ValueError(f"it is of {content['table']}")
        return _run(content, figure)
    except (FileNotFoundError, NotADirectoryError):
        raise CrozeError(f"{path} does not exist: name a folder of `croze reproduce {table}`.") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise CrozeError(
            f"{path} cannot be read ({problem}): `croze reproduce {table}` writes it again."
        ) from None


def _run(content: Mapping[str, Any], figure: str) -> OwnRun:
    found = []
    without = []
    for row in content["rows"]:
        own, spent = row["figures"].get(figure), row["figures"].get("search_seconds")
        if own is None or spent is None:
            without.append(str(row["name"]))
            continue
        deviation = None if own["deviation"] is None else float(own["deviation"])
        found.append(
            Found(str(row["name"]), float(spent["mean"]), float(own["mean"]), deviation, int(own["n"]))
        )
    return OwnRun(
        str(content["table"]),
        str(content["dataset"]),
        str(content["device"]),
        int(content["effort"]["candidates"]),
        tuple(found),
        tuple(without),
    )
