"""The rows of Tables 3 and 4: methods that search, and cells that others published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from croze.errors import CrozeError
from croze.paper.protocol.search import Searched
from croze.paper.protocol.spread import Spread, spread
from croze.pool import MemberResult
from croze.spaces.genotypes import find, lookup

PRINTED_METHODS: Mapping[str, str] = {
    "croze-official": "CRoZe",
    "gradnorm": "GradNorm",
    "synflow": "SynFlow",
}
"""The printed row of what searches; the printed CRoZe is what the released code computes."""

PRINTED_CELLS: Mapping[str, str] = {
    "PC-DARTS-CIFAR": "PC-DARTS",
    "DrNAS-CIFAR": "DrNAS",
    "RobNet-free": "RobNet",
    "AdvRush": "AdvRush",
    "CRoZe-CIFAR10": "CRoZe",
    "CRoZe-CIFAR100": "CRoZe",
}
"""The printed row of a published cell."""


@dataclass(frozen=True)
class PublishedCell:
    """A cell that is trained and evaluated, not searched."""

    name: str
    space: str
    architecture: str


@dataclass(frozen=True)
class Run:
    """One repetition: a network that was trained with its seed.

    Attributes:
        seed: of the training, and of the search before it.
        architecture: empty when the search found none.
        params, live_params: of its network.
        figures: in [0, 1]; those that were not measured are not among them.
        failed: why there are none; empty otherwise.
        images: the fewest and the most test images that a measured column rests on; none without.
        training: the kept epoch, its accuracies on validation images and seconds, as the pool notes them.
        search: of a method that searches; None for a published cell.
    """

    seed: int
    architecture: str
    params: int | None
    live_params: int | None
    figures: Mapping[str, float]
    failed: str = ""
    images: tuple[int, ...] = ()
    training: Mapping[str, Any] = field(default_factory=dict)
    search: Searched | None = None


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        name: spec of the criterion, or name of the published cell.
        searched: whether it is a method that searches.
        paper: the printed row it stands beside; empty for none.
        runs: by seed.
    """

    name: str
    searched: bool
    paper: str
    runs: tuple[Run, ...]

    def figure(self, name: str) -> Spread | None:
        """Over the runs that have this figure; None when none has."""
        return spread([run.figures[name] for run in self.runs if name in run.figures])

    @property
    def params(self) -> Spread | None:
        """Over the runs with a network."""
        return spread([float(run.params) for run in self.runs if run.params is not None])

    @property
    def search_seconds(self) -> Spread | None:
        """Device-seconds of a search; None for a published cell."""
        return spread([run.search.seconds for run in self.runs if run.search is not None])

    def to_json(self) -> dict[str, Any]:
        """JSON-ready: every run, and mean, deviation and n of each figure."""
        names = dict.fromkeys(name for run in self.runs for name in run.figures)
        spreads = {name: self.figure(name) for name in names}
        spreads |= {"params": self.params, "search_seconds": self.search_seconds}
        return {
            "name": self.name,
            "searched": self.searched,
            "paper": self.paper,
            "figures": {name: asdict(found) for name, found in spreads.items() if found is not None},
            "runs": [_run_json(run) for run in self.runs],
        }


def searched_row(
    name: str,
    searches: Sequence[Searched],
    results: Sequence[MemberResult | None],
    figures: Sequence[Mapping[str, float]],
) -> Row:
    """The row of a method.

    Args:
        name: spec of the criterion.
        searches: by seed.
        results: of the training of each winner; None while there is none.
        figures: of each, empty without.
    """
    runs = []
    for one, result, own in zip(searches, results, figures, strict=True):
        failed = _failure(result) if one.architecture else f"no candidate has a score: {one.reason}"
        sizes = (one.params, one.live_params)
        runs.append(Run(one.seed, one.architecture, *sizes, own, failed, *_basis(result), one))
    return Row(name, True, PRINTED_METHODS.get(name, ""), tuple(runs))


def published_row(
    cell: PublishedCell,
    seeds: Sequence[int],
    sizes: tuple[int, int | None],
    results: Sequence[MemberResult | None],
    figures: Sequence[Mapping[str, float]],
) -> Row:
    """The row of a published cell, trained once a seed; `sizes` are all and live parameters."""
    runs = tuple(
        Run(
            seed,
            cell.architecture,
            *sizes,
            own,
            _failure(result),
            *_basis(result),
        )
        for seed, result, own in zip(seeds, results, figures, strict=True)
    )
    return Row(cell.name, False, PRINTED_CELLS.get(cell.name, ""), runs)


def published_cells(text: str) -> tuple[PublishedCell, ...]:
    """The cells of a list of names such as `PC-DARTS-CIFAR,AdvRush`; none for `none`.

    Raises:
        CrozeError: for an unknown name, or one that stands there twice.
    """
    if text.strip().lower() == "none":
        return ()
    found: dict[str, PublishedCell] = {}
    for name in text.split(","):
        space, architecture = find(name)
        entry = lookup(name)
        assert entry is not None  # found above
        if entry.name in found:
            raise CrozeError(f"The published cell {entry.name} is named twice; name each one once.")
        found[entry.name] = PublishedCell(entry.name, space, str(architecture))
    return tuple(found.values())


def _failure(result: MemberResult | None) -> str:
    return "not trained yet" if result is None else result.failed


def _basis(result: MemberResult | None) -> tuple[tuple[int, ...], Mapping[str, Any]]:
    """On how many images the columns rest, and the training's notes."""
    if result is None or not result.images:
        return (), {} if result is None else result.training
    return (min(result.images.values()), max(result.images.values())), result.training


def _run_json(run: Run) -> dict[str, Any]:
    search = None
    if run.search is not None:
        search = asdict(run.search)
        del search["computed"], search["wall_seconds"]
    return {**vars(run), "figures": dict(run.figures), "training": dict(run.training), "search": search}
