"""Numbers as people write them: 73306, 1.5k, 1M, 2G."""

from __future__ import annotations

import re

from croze.errors import CrozeError

_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([kmg]?)", re.IGNORECASE)


def parse_size(text: str | None, option: str) -> int | None:
    """The whole number, or None for None.

    Raises:
        CrozeError: when the text is no positive number with an optional k, M or G.
    """
    if text is None:
        return None
    match = _SIZE.fullmatch(text.strip().replace(",", ""))
    value = round(float(match[1]) * _FACTORS[match[2].lower()]) if match else 0
    if value < 1:
        raise CrozeError(f"{option} takes a positive number such as 1M, 2.5k or 73306, got {text!r}.")
    return value
