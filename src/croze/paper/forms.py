"""The forms of CRoZe, whole and with some of their components."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from croze.errors import CrozeError
from croze.proxies import PROXIES, parse_proxies
from croze.proxies.croze.form import CrozeForm

Form = TypeVar("Form", bound=CrozeForm)


def find_forms(text: str) -> list[CrozeForm]:
    """The forms that a list such as `croze-paper,croze-official(beta=1)` names, in its order.

    Raises:
        CrozeError: for a name that does not exist, a proxy that is no form of CRoZe, or one named twice.
    """
    found: list[CrozeForm] = []
    for proxy in parse_proxies(text):
        if not isinstance(proxy, CrozeForm):
            known = ", ".join(name for name, kind in PROXIES.items() if issubclass(kind, CrozeForm))
            raise CrozeError(
                f"{proxy.spec} has no components: name forms of CRoZe, which are {known}, got {text!r}."
            )
        found.append(proxy)
    return found


def with_components(form: Form, components: Sequence[str], perturbation: str | None = None) -> Form:
    """The form with these components, the others being the factor 1, and its own way to x' or another."""
    way = form.perturbation if perturbation is None else perturbation
    return replace(form, components=tuple(components), perturbation=way)
