"""Reference populations: what gives a single network its percentiles in an aggregate.

The package ships one for each space, 300 distinct cells drawn from a seed and scored by one command, `croze
reference`; a file that this command wrote for other settings is a reference population as well.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from croze.errors import CrozeError
from croze.files import Count, parse_json, read_bytes, shaped
from croze.proxies.aggregate import Aggregate, Criterion, Floats
from croze.types import Batch, LayerScore, Score

DEFAULT_REFERENCE = "nasbench201"


class _Content(TypedDict):
    """What `Reference.to_json` writes."""

    name: str
    settings: dict[str, Any]
    data: str
    images: Count
    image_shape: tuple[Count, Count, Count]
    classes: Count
    scores: dict[str, list[float | None]]


@dataclass(frozen=True)
class Reference:
    """Scores of a population of networks.

    Attributes:
        name: of the population.
        settings: what the scores rest on: space, seed, batch and so on.
        data: the data set that the batch was drawn from.
        images, image_shape, classes: number of images in the batch, their `(C, H, W)`, number of classes of
            the data set; scores change with all of them.
        columns: scores by proxy, float64 `(n,)` each, NaN where a score failed.
    """

    name: str
    settings: Mapping[str, Any]
    data: str
    images: int
    image_shape: tuple[int, ...]
    classes: int
    columns: Mapping[str, Floats]

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping, from which `load_reference` reads it again."""
        return {
            "name": self.name,
            "settings": dict(self.settings),
            "data": self.data,
            "images": self.images,
            "image_shape": list(self.image_shape),
            "classes": self.classes,
            "scores": {
                spec: [None if math.isnan(v) else v for v in column.tolist()]
                for spec, column in self.columns.items()
            },
        }


def shipped_references() -> list[str]:
    """Names of the populations that the package carries."""
    folder = files("croze.proxies") / "references"
    return sorted(
        entry.name.removesuffix(".json") for entry in folder.iterdir() if entry.name.endswith(".json")
    )


def load_reference(name: str) -> Reference:
    """The population of this name, or that of a file, `PATH.json`.

    Raises:
        CrozeError: when there is none, or the file is no reference population.
    """
    if name in shipped_references():
        return _shipped(name)
    if not name.endswith(".json"):
        raise CrozeError(
            f"Unknown reference population {name!r}; the shipped ones are {', '.join(shipped_references())}, "
            "or name a file FILE.json that `croze reference` wrote."
        )
    return _parsed(name, read_bytes(Path(name).expanduser(), "the reference population"))


@lru_cache
def _shipped(name: str) -> Reference:
    return _parsed(name, (files("croze.proxies") / "references" / f"{name}.json").read_text(encoding="utf-8"))


def _parsed(name: str, text: str | bytes) -> Reference:
    try:
        found = shaped(parse_json(text), _Content)
        columns = {
            spec: np.array([math.nan if v is None else v for v in column], dtype=np.float64)
            for spec, column in found["scores"].items()
        }
        if len({len(column) for column in columns.values()}) != 1:
            raise CrozeError("columns of different length")
    except CrozeError as problem:
        raise CrozeError(
            f"{name} is no reference population ({problem}): write one with `croze reference`."
        ) from None
    return Reference(
        found["name"],
        found["settings"],
        found["data"],
        found["images"],
        found["image_shape"],
        found["classes"],
        columns,
    )


def with_aggregates(
    criteria: Sequence[Criterion],
    scores: Mapping[str, Score],
    batch: Batch,
    reference: str = DEFAULT_REFERENCE,
    flavours: Collection[str] = (),
) -> list[Score]:
    """One score a criterion, in order: a proxy's own, an aggregate's from the percentiles of its parts.

    The network joins the reference population, and the aggregate is taken there. The parts' scores and
    percentiles are in its `layers`.

    Args:
        criteria: what was asked for.
        scores: of every part, by spec.
        batch: what the scores rest on.
        reference: see `load_reference`.
        flavours: of the space that the network was built from, each part on its own; none for a network that
            is nobody's: a part that is defined on a flavour other than the usual one compares with nothing
            then.
    """
    return [
        _joined(criterion, scores, batch, reference, flavours)
        if isinstance(criterion, Aggregate)
        else scores[criterion.spec]
        for criterion in criteria
    ]


def _joined(
    aggregate: Aggregate, scores: Mapping[str, Score], batch: Batch, reference: str, flavours: Collection[str]
) -> Score:
    own = [scores[part.spec] for part in aggregate.distinct]
    failed = Score(aggregate.spec, None, seconds=math.fsum(score.seconds for score in own))
    for score in own:
        if not score.ok:
            return replace(failed, reason=f"{score.proxy}: {score.reason}")
    population = load_reference(reference)
    obstacle = _obstacle(aggregate, population, batch, flavours)
    if obstacle:
        return replace(failed, reason=obstacle)
    columns = {score.proxy: np.append(population.columns[score.proxy], score.value or 0.0) for score in own}
    usable = np.all([np.isfinite(column) for column in columns.values()], axis=0)
    others = int(usable.sum()) - 1
    if others < 2:
        return replace(
            failed,
            reason=f"only {others} networks of the reference population {population.name} have all parts",
        )
    columns = {spec: column[usable] for spec, column in columns.items()}
    value = float(aggregate.combine(columns)[-1])
    percentiles = aggregate.percentiles(columns, -1)
    parts = tuple(
        LayerScore(score.proxy, {"score": score.value or 0.0, "percentile": percentiles[score.proxy]})
        for score in own
    )
    places = ", ".join(f"{spec} {100 * percentile:.0f}" for spec, percentile in percentiles.items())
    note = (
        f"percentiles among {others:,} networks of the reference population {population.name}, scored on "
        f"{population.images} images of {population.data}: {places}"
    )
    notes = (note, *(n for score in own for n in score.notes))
    return replace(failed, value=value, layers=parts, notes=tuple(dict.fromkeys(notes)))


def _obstacle(aggregate: Aggregate, population: Reference, batch: Batch, flavours: Collection[str]) -> str:
    """Why a network's scores cannot be placed among those of the population; empty when they can."""
    lacking = [part.spec for part in aggregate.distinct if part.spec not in population.columns]
    if lacking:
        return (
            f"the reference population {population.name} has no scores of {', '.join(lacking)}: "
            "make one with `croze reference`"
        )
    strange = [part for part in aggregate.distinct if part.flavour not in ("benchmark", *flavours)]
    if strange:
        return (
            f"{strange[0].spec} is defined on the flavour {strange[0].flavour!r} of a space's networks, "
            "which a network of your own does not have"
        )
    here = (tuple(batch.images.shape[1:]), batch.classes)
    there = (population.image_shape, population.classes)
    if here != there:
        return (
            f"the reference population {population.name} was scored on images of shape {there[0]} with "
            f"{there[1]} classes, this network on {here[0]} with {here[1]}: make a reference of your own "
            "with `croze reference`"
        )
    if len(batch) != population.images and any(part.needs_images for part in aggregate.distinct):
        return (
            f"the reference population {population.name} was scored on {population.images} images, this "
            f"network on {len(batch)}: take as many, or make a reference of your own with `croze reference`"
        )
    return ""
