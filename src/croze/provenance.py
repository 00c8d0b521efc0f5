"""What a result rests on: versions, machine, command, time."""

from __future__ import annotations

import platform
import shlex
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NotRequired, TypedDict


class Provenance(TypedDict):
    """What of `provenance` a file of results may hold."""

    command: NotRequired[str]
    made: NotRequired[str]
    versions: NotRequired[dict[str, str]]
    machine: NotRequired[str]


def provenance() -> dict[str, Any]:
    """JSON-ready; goes into every file of results."""
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    return {
        "command": command,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {
            "croze": version("croze"),
            "torch": version("torch"),
            "numpy": version("numpy"),
            "python": platform.python_version(),
        },
        "machine": platform.machine(),
    }
