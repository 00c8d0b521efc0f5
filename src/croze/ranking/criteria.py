"""Which proxies and aggregates a survey looks at, and what each of them is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from croze.proxies import AGGREGATES, PROXIES, Aggregate, Criterion, Proxy, parse_proxies, parts_of

ALL = "all"
"""The text that stands for all of them."""

ALONE = (
    *(
        f"{form}(components={component})"
        for form in ("croze-paper", "croze-official")
        for component in ("features", "parameters", "gradients")
    ),
    "croze-positional(components=features)",
    "croze-positional(components=parameters)",
)
"""Components of the CRoZe forms alone; of `croze-positional` the gradients are the default."""


OWN = "this project"
"""What the source of a criterion begins with that is this project's own choice."""


def is_own(criterion: Criterion) -> bool:
    """Whether this project made it up, and looked at the choose half of the cells while doing so."""
    return criterion.source.startswith(OWN)


def named_criteria() -> list[Criterion]:
    """Every proxy with its defaults, and the named aggregates."""
    return [*(kind() for kind in PROXIES.values()), *AGGREGATES.values()]


def every_criterion() -> list[Criterion]:
    """Every proxy with its defaults, the components of the CRoZe forms alone, the named aggregates."""
    return [
        *(kind() for kind in PROXIES.values()),
        *parse_proxies(",".join(ALONE)),
        *AGGREGATES.values(),
    ]


def criteria_of(proxies: str | Criterion | Iterable[str | Criterion]) -> list[Criterion]:
    """Those of `parse_proxies`, or all for the text `all`.

    Raises:
        CrozeError: as `parse_proxies`.
    """
    if isinstance(proxies, str) and proxies.strip() == ALL:
        return every_criterion()
    return parse_proxies(proxies)


@dataclass(frozen=True)
class Entry:
    """What a proxy or an aggregate is; the needs of an aggregate are those of its parts together.

    Attributes:
        name: without arguments.
        summary, source: as it says itself.
        labels, gradients, images: whether it needs them.
        dtype: what it computes in; several, where the parts of an aggregate differ.
        arguments: names with defaults, or the definition of an aggregate.
    """

    name: str
    summary: str
    source: str
    labels: bool
    gradients: bool
    images: bool
    dtype: str
    arguments: str

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping."""
        return dict(vars(self))


def catalogue(criteria: Sequence[Criterion]) -> tuple[Entry, ...]:
    """An entry for each name among these, in order; arguments that they were given are not looked at."""
    found: dict[str, Entry] = {}
    for criterion in criteria:
        entry = _entry(criterion)
        found.setdefault(entry.name, entry)
    return tuple(found.values())


def _entry(criterion: Criterion) -> Entry:
    parts = parts_of([criterion])
    if isinstance(criterion, Aggregate):
        name, arguments = criterion.spec, criterion.definition
    else:
        name, arguments = criterion.name, _arguments(type(criterion))
    return Entry(
        name,
        criterion.summary,
        criterion.source,
        any(part.needs_labels for part in parts),
        any(part.needs_gradients for part in parts),
        any(part.needs_images for part in parts),
        ", ".join(dict.fromkeys(part.dtype for part in parts)),
        arguments,
    )


def _arguments(kind: type[Proxy]) -> str:
    return ", ".join(f"{field.name}={_text(field.default)}" for field in fields(kind))


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return "+".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
