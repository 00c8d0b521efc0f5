"""Points of a cloud thinned to what can be told apart, and numbers as a reader wants them."""

from __future__ import annotations

import math
from collections.abc import Sequence

MOST = 1200
"""Points up to which all are drawn."""


def thinned(x: Sequence[float], y: Sequence[float], most: int = MOST) -> list[int]:
    """Which points to draw: all of few; of many the first in each field of a fine grid."""
    if len(x) <= most:
        return list(range(len(x)))
    side = max(int(math.sqrt(most)), 1)
    left, bottom = min(x), min(y)
    across, up = (max(x) - left) or 1.0, (max(y) - bottom) or 1.0
    fields: dict[tuple[int, int], int] = {}
    for i, (a, b) in enumerate(zip(x, y, strict=True)):
        fields.setdefault((round((a - left) / across * side), round((b - bottom) / up * side)), i)
    return sorted(fields.values())


def number(value: float | None, digits: int = 4) -> str:
    """So many digits, thousands apart; a dash for what is not there."""
    if value is None or math.isnan(value):
        return "–"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}".replace("-", "−")
    if 1e-4 <= abs(value) < 1e7:
        places = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
        return f"{value:,.{places}f}".replace("-", "−")
    return f"{value:.{digits - 1}e}".replace("-", "−")


def millions(value: float | None) -> str:
    """Of parameters or multiply-adds: `1.07 M`, `153 M`, `830 k`."""
    if value is None:
        return "–"
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {unit}" if value < 1000 * size else f"{value / size:,.0f} {unit}"
    return f"{value:,.0f}"


def percent(share: float | None, digits: int = 1) -> str:
    """A share in percent, with the sign."""
    return "–" if share is None else f"{100 * share:.{digits}f}%"


def correlation(value: float | None, *, sign: bool = False) -> str:
    """Two digits behind the point and none before it: `.71`, `−.04`."""
    if value is None or math.isnan(value):
        return "–"
    text = f"{abs(value):.2f}".removeprefix("0")
    minus = "−" if round(value, 2) < 0 else "+" if sign else ""
    return f"{minus}{text}"


def shortened(text: str, most: int) -> str:
    """The text, its end cut off where it is longer; the table behind the chart has it whole."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
