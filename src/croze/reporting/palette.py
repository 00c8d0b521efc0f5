"""The colours of a report: each has a role, and a value on light and on dark ground.

Charts are drawn in the light values; in the page each becomes a CSS variable, so that one drawing serves both
grounds. Series are Okabe and Ito's hues, darkened or lightened until they stand out 3:1; a map runs from
orange over the ground's own grey to blue, which colour-blind readers tell apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

INK, SOFT, GRID, PANEL, CLOUD = "#1c2128", "#57606a", "#dfe3e8", "#fffffe", "#87919c"
SERIES = ("#0072b2", "#d55e00", "#008a64", "#a2458c", "#a87400", "#3a3f47")
"""Blue, vermilion, green, purple, orange, and the ink's grey."""
BAND = "#cfe3f1"

BINS = 21
"""Steps of the map; an odd number, so that zero has one of its own."""

Stops = Sequence[tuple[float, str]]

_DIVERGING: Mapping[str, tuple[Stops, Stops]] = {
    # for each ground: from nothing to -1, from nothing to 1
    "light": (
        ((0, "#f4f5f6"), (0.5, "#f2b27c"), (1, "#9a4300")),
        ((0, "#f4f5f6"), (0.5, "#7fb5de"), (1, "#0a4a86")),
    ),
    "dark": (
        ((0, "#262d36"), (0.5, "#8a4d14"), (1, "#ffb871")),
        ((0, "#262d36"), (0.5, "#1f6299"), (1, "#9ad4ff")),
    ),
}

_ROLES: Mapping[str, tuple[str, str]] = {
    "ink": (INK, "#e6e9ee"),
    "soft": (SOFT, "#a5afba"),
    "grid": (GRID, "#323a44"),
    "panel": (PANEL, "#171b21"),
    "cloud": (CLOUD, "#727d89"),
    "band": (BAND, "#1d3a50"),
    **{
        f"s{i}": pair
        for i, pair in enumerate(
            zip(SERIES, ("#5ab4ec", "#ff8d48", "#2fc79a", "#dd8fcb", "#e9b23a", "#c3cad3"), strict=True)
        )
    },
}


def diverging(value: float) -> tuple[str, str]:
    """Colours of a cell and of the number in it, for a value in [-1, 1]."""
    step = round((min(max(value, -1.0), 1.0) + 1) / 2 * (BINS - 1))
    return _MAP[step][0][0], _MAP[step][1][0]


def variables(ground: str) -> str:
    """The CSS variables of a ground, `light` or `dark`."""
    place = ("light", "dark").index(ground)
    return "".join(f"--{role}:{values[place]};" for role, values in roles().items())


def roles() -> Mapping[str, tuple[str, str]]:
    """Every role with its light and its dark value; no two light values are alike."""
    return _ALL


def themed(svg: str) -> str:
    """The drawing with CSS variables in place of the light values."""
    return re.sub(r"#[0-9a-f]{6}\b", lambda found: _NAMES.get(found.group(), found.group()), svg)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, section 1.4.3)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [part / 255 for part in _numbers(colour)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _numbers(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def _between(stops: Stops, share: float) -> str:
    for (low, first), (high, second) in pairwise(stops):
        if share <= high:
            part = (share - low) / (high - low)
            mixed = [
                round(a + part * (b - a)) for a, b in zip(_numbers(first), _numbers(second), strict=True)
            ]
            return "#" + "".join(f"{number:02x}" for number in mixed)
    return stops[-1][1]


def _map() -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """For every step the light and dark values of the cell, and of the number in it."""
    found = []
    for step in range(BINS):
        signed = 2 * step / (BINS - 1) - 1
        light, dark = (_between(_DIVERGING[ground][signed > 0], abs(signed)) for ground in ("light", "dark"))
        # an even last byte of the cell, and in the text a shade that nobody sees: each is a role of its own
        cell = f"{light[:5]}{int(light[5:], 16) // 2 * 2:02x}"
        found.append(((cell, dark), (_text_on(cell, step), _text_on(dark, step))))
    return found


def _text_on(cell: str, shade: int) -> str:
    dark, light = f"#0202{shade:02x}", f"#fdfd{255 - shade:02x}"
    return max((dark, light), key=lambda text: contrast(cell, text))


_MAP = _map()
_ALL: dict[str, tuple[str, str]] = dict(_ROLES)
for _step, (_cell, _text) in enumerate(_MAP):
    _ALL[f"d{_step}"] = _cell
    _ALL[f"dt{_step}"] = _text
_NAMES = {values[0]: f"var(--{role})" for role, values in _ALL.items()}
assert len(_NAMES) == len(_ALL), "two roles share a light value"
