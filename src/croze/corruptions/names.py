"""The corruptions of CIFAR-C by name, severity and group; needs no network, unlike `croze.corruptions`."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from croze.errors import CrozeError

CORRUPTIONS = (
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "defocus_blur",
    "glass_blur",
    "motion_blur",
    "zoom_blur",
    "snow",
    "frost",
    "fog",
    "brightness",
    "contrast",
    "elastic_transform",
    "pixelate",
    "jpeg_compression",
)
"""All of them, in CIFAR-C's order."""

SEVERITIES = (1, 2, 3, 4, 5)

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Weather": ("snow", "frost", "fog", "brightness"),
        "Noise": ("gaussian_noise", "shot_noise", "impulse_noise"),
        "Blur": ("defocus_blur", "glass_blur", "motion_blur", "zoom_blur"),
        "Digital": ("contrast", "elastic_transform", "pixelate", "jpeg_compression"),
    }
)
"""The usual four groups; every corruption is in one of them."""

RELEASED_GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Weather": ("snow", "fog", "frost"),
        "Noise": GROUPS["Noise"],
        "Blur": GROUPS["Blur"],
        "Digital": ("contrast", "brightness", "jpeg_compression"),
    }
)
"""The groups of CRoZe's released code: without elastic_transform and pixelate."""

SHORT: Mapping[str, str] = MappingProxyType(
    {
        "gaussian": "gaussian_noise",
        "shot": "shot_noise",
        "impulse": "impulse_noise",
        "defocus": "defocus_blur",
        "glass": "glass_blur",
        "motion": "motion_blur",
        "zoom": "zoom_blur",
        "elastic": "elastic_transform",
        "jpeg": "jpeg_compression",
    }
)
"""Short spellings of the long names."""


@dataclass(frozen=True)
class Corruption:
    """One corruption at one severity, written `fog@3`.

    Attributes:
        name: out of `CORRUPTIONS`, or a short spelling, which becomes the long one.
        severity: out of `SEVERITIES`.

    Raises:
        CrozeError: for another name or severity.
    """

    name: str
    severity: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", full_name(self.name))
        object.__setattr__(self, "severity", _severity(self.severity))

    def __str__(self) -> str:
        return f"{self.name}@{self.severity}"


def full_name(name: str) -> str:
    """The name as it stands in `CORRUPTIONS`, of a short spelling too.

    Raises:
        CrozeError: for an unknown one.
    """
    full = SHORT.get(name, name) if isinstance(name, str) else name
    if full not in CORRUPTIONS:
        raise CrozeError(f"Unknown corruption {name!r}; the known ones are {', '.join(CORRUPTIONS)}.")
    return full


def parse_corruption(text: str) -> Corruption:
    """The corruption that is written `name@severity`, for example `fog@3` or `jpeg@5`.

    Raises:
        CrozeError: when it is not written so, or for an unknown name or severity.
    """
    name, at, severity = text.partition("@")
    if not at:
        raise CrozeError(
            f"A corruption is written name@severity, such as fog@3, severity 1 to 5, got {text!r}."
        )
    name, severity = name.strip(), severity.strip()
    whole = severity.isascii() and severity.isdecimal() and len(severity) == 1
    return Corruption(full_name(name), int(severity) if whole else _severity(severity))


def parse_corruptions(text: str) -> list[Corruption]:
    """The corruptions of a list such as `noise,fog,frost@3,all@5`.

    Without `@` a name, a group and `all` stand for all five severities.

    Raises:
        CrozeError: for an unknown name or severity, or a corruption that stands there twice.
    """
    found: dict[Corruption, None] = {}
    for item in text.split(","):
        word, at, severity = (part.strip() for part in item.partition("@"))
        for name in _members(word):
            for number in (severity,) if at else map(str, SEVERITIES):
                one = parse_corruption(f"{name}@{number}")
                if one in found:
                    raise CrozeError(f"Corruption {one} is named twice in {text!r}; name each one once.")
                found[one] = None
    return list(found)


def _members(word: str) -> tuple[str, ...]:
    """What `all`, a group or a name stands for."""
    if word == "all":
        return CORRUPTIONS
    groups = {group.lower(): members for group, members in GROUPS.items()}
    return groups.get(word.lower()) or (full_name(word),)


def _severity(severity: object) -> int:
    try:
        whole = operator.index(severity)  # type: ignore[arg-type]
    except TypeError:
        whole = 0
    if whole not in SEVERITIES or isinstance(severity, bool):
        raise CrozeError(f"A severity is a whole number from 1 to 5, got {severity!r}.")
    return whole
