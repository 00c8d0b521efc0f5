"""Numbers and settings as a reader wants them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any


def rho_text(value: float) -> str:
    """A correlation with three digits and no leading zero; `-` where there is none."""
    if math.isnan(value):
        return "-"
    text = f"{value:.3f}"
    if text in ("-0.000", "0.000"):
        return ".000"
    return text.replace("0.", ".", 1) if abs(value) < 1 and "0." in text[:3] else text


def interval_text(rho: float, low: float, high: float) -> str:
    """A correlation with its interval, where it has one."""
    if math.isnan(rho) or math.isnan(low):
        return rho_text(rho)
    return f"{rho_text(rho)} ({rho_text(low)} to {rho_text(high)})"


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


def text_of(value: Any) -> str:
    """A setting as text."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {text_of(item)}" for key, item in value.items())
    if isinstance(value, Sequence):
        return ", ".join(text_of(item) for item in value)
    return json.dumps(value)
