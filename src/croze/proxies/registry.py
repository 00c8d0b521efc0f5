"""Every proxy by name."""

from __future__ import annotations

from collections.abc import Mapping

from croze.errors import CrozeError
from croze.proxies.base import Proxy
from croze.proxies.croze.official import CrozeOfficial
from croze.proxies.croze.paper import CrozePaper
from croze.proxies.croze.positional import CrozePositional
from croze.proxies.size import Flops, LiveParams, Params
from croze.proxies.spec import parse_specs

PROXIES: Mapping[str, type[Proxy]] = {
    kind.name: kind for kind in (CrozePaper, CrozeOfficial, CrozePositional, Params, LiveParams, Flops)
}

DEFAULT = CrozePositional.name
"""What is used where nobody says otherwise."""


def find_proxies(text: str) -> list[Proxy]:
    """The proxies of a list such as `params,croze-paper(beta=1,components=features+gradients)`.

    Raises:
        CrozeError: for a list that cannot be read, an unknown name or argument, or a proxy named twice.
    """
    proxies = [_kind(name).from_arguments(arguments) for name, arguments in parse_specs(text)]
    specs = [proxy.spec for proxy in proxies]
    twice = {spec for spec in specs if specs.count(spec) > 1}
    if twice:
        raise CrozeError(f"Proxy {sorted(twice)[0]} is named twice; name each one once.")
    return proxies


def find_proxy(text: str) -> Proxy:
    """The one proxy that the text names.

    Raises:
        CrozeError: as `find_proxies`, or when it names several.
    """
    proxies = find_proxies(text)
    if len(proxies) != 1:
        raise CrozeError(f"Expected one proxy, got {len(proxies)} in {text!r}.")
    return proxies[0]


def _kind(name: str) -> type[Proxy]:
    if name == "croze":
        forms = [known for known in PROXIES if known.startswith("croze-")]
        raise CrozeError(
            f"'croze' has {len(forms)} forms, which rank differently; name one of {', '.join(forms)}."
        )
    if name not in PROXIES:
        raise CrozeError(f"Unknown proxy {name!r}; the known ones are {', '.join(PROXIES)}.")
    return PROXIES[name]
