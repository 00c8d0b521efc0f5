"""The winner of a search, from the folder that the search wrote."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from croze.errors import CrozeError
from croze.spaces import SPACES
from croze.training.network.of_space import OfSpace, of_space


def of_run(folder: str | Path, space: str | None = None, **settings: Any) -> OfSpace:
    """The best architecture of a search, in the space it was found in.

    Args:
        folder: as `croze search --out` names it; its `best.json` is read.
        space: `FILE.py:CLASS` of a user's own space, which a result does not know where to find.
        settings: replace those that the search built its candidates with, such as more `layers`.

    Raises:
        CrozeError: when there is no result, it has no winner, or its space is a user's own and not named.
    """
    path = Path(folder) / "best.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        best, described = content["best"], content["settings"]["space"]
    except FileNotFoundError:
        raise CrozeError(f"{path} does not exist: --run takes the folder of a finished search.") from None
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise CrozeError(f"{path} is no result of a search that can be read ({problem}).") from None
    if best is None:
        raise CrozeError(f"The search in {folder} found no architecture: there is nothing to take from it.")
    name, own = _read(described)
    if space is None:
        known = {getattr(kind, "__name__", ""): key for key, kind in SPACES.items()}
        if name not in known:
            raise CrozeError(f"{path} is of the space {name}, one of your own: add --space FILE.py:{name}.")
        space = known[name]
    given = {key: value for key, value in settings.items() if value is not None}
    return of_space(best["architecture"], space, **{**own, **given})


def _read(described: str) -> tuple[str, dict[str, Any]]:
    """Class and settings out of the `repr` of a space."""
    try:
        call = ast.parse(described, mode="eval").body
        assert isinstance(call, ast.Call)
        assert isinstance(call.func, ast.Name)
        return call.func.id, {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}
    except (SyntaxError, ValueError, AssertionError):
        return described.partition("(")[0], {}
