"""How sizes of perturbations are read and written: `8/255`, in pixel space."""

from __future__ import annotations

import math
import re

from croze.errors import CrozeError
from croze.perturb.base import NORMS

_FORM = re.compile(r"([^/]+?)(?:\s*/\s*([^/]+))?")


def parse_epsilon(text: str, norm: str = "linf", *, zero: bool = False) -> float:
    """The size that stands in the text: `8/255`, `0.03`, `1e-2`.

    Raises:
        CrozeError: when it cannot be read, and as `check_epsilon`.
    """
    match = _FORM.fullmatch(text.strip())
    try:
        value = float(match[1]) / float(match[2] or 1) if match else math.nan
    except (ValueError, ZeroDivisionError):
        value = math.nan
    if math.isnan(value):
        raise CrozeError(
            f"Cannot read the epsilon {text!r}; write a fraction of the pixel range, 8/255 or 0.03."
        )
    return check_epsilon(value, norm, zero=zero)


def write_epsilon(epsilon: float) -> str:
    """The shortest text that `parse_epsilon` reads back: in 255ths where that is a whole number below 255."""
    levels = round(epsilon * 255)
    if 0 < levels < 255 and abs(epsilon * 255 - levels) < 1e-4:
        return f"{levels}/255"
    return f"{epsilon:g}" if float(f"{epsilon:g}") == epsilon else repr(epsilon)


def check_epsilon(epsilon: float, norm: str, *, zero: bool = False) -> float:
    """The epsilon itself, when it is a size in pixel space.

    Args:
        zero: whether 0 is a size; the attacks on trained networks then leave the images as they are.

    Raises:
        CrozeError: when it is not finite, below or (but for `zero`) at 0, above 1 in l-inf, or the norm is
            unknown.
    """
    if norm not in NORMS:
        raise CrozeError(f"Unknown norm {norm!r}; choose one of {', '.join(NORMS)}.")
    if not (math.isfinite(epsilon) and (epsilon > 0 or (zero and epsilon == 0))):
        raise CrozeError(f"An epsilon must be a number above 0, got {epsilon:g}; write 8/255, for example.")
    if norm == "linf" and epsilon > 1:
        meant = f"{epsilon:g}/255" if epsilon < 255 else "8/255, for example"
        raise CrozeError(
            f"The epsilon is in pixel space, above 0 and at most 1, got {epsilon:g}: write {meant}."
        )
    return epsilon
