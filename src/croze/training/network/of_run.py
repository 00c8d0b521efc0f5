"""The winner of a search, from the folder that the search wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from croze.errors import CrozeError
from croze.searching.run import SearchRun
from croze.training.network.of_space import OfSpace, of_space


def of_run(folder: str | Path, space: str | None = None, **settings: Any) -> OfSpace:
    """The best architecture of a search, in the space it was found in.

    Args:
        folder: as `croze.search` was given it.
        space: `FILE.py:CLASS` of a user's space, where it lies elsewhere by now.
        settings: replace those that the search built its candidates with, such as more `layers`.

    Raises:
        CrozeError: when there is no finished search, it has no winner, or its space is a user's and not named.
    """
    run = SearchRun.load(folder)
    if run.status == "unfinished":
        raise CrozeError(f"The search in {folder} has not finished: run it to its end first.")
    if run.best is None:
        raise CrozeError(f"The search in {folder} found no architecture: there is nothing to take from it.")
    described = run.described
    if space is None:
        space = described.get("spec", described["name"])
        if space is None:
            raise CrozeError(
                f"{folder} is of the space {described['name']}, one of your own: name it as `space`."
            )
    given = {key: value for key, value in settings.items() if value is not None}
    return of_space(run.best.architecture, space, **{**(described["settings"] or {}), **given})
