"""Every proxy and every named aggregate, and the way from text to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from croze.errors import CrozeError
from croze.notation import Item, parse_items
from croze.proxies.aggregate import KINDS, Aggregate, Criterion
from croze.proxies.az_nas import Expressivity, Progressivity, Trainability
from croze.proxies.base import Proxy
from croze.proxies.catalogue import Catalogue
from croze.proxies.croze.official import CrozeOfficial
from croze.proxies.croze.paper import CrozePaper
from croze.proxies.croze.positional import CrozePositional
from croze.proxies.epe_nas import EpeNas
from croze.proxies.fisher import Fisher
from croze.proxies.grad_norm import GradNorm
from croze.proxies.gradsign import GradSign
from croze.proxies.grasp import GraSP
from croze.proxies.input_curvature import InputCurvature
from croze.proxies.jacob_cov import JacobCov
from croze.proxies.l2_norm import L2Norm
from croze.proxies.linear_regions import LinearRegions
from croze.proxies.meco import Meco
from croze.proxies.naswot import Naswot
from croze.proxies.ntk import Ntk
from croze.proxies.plain import Plain
from croze.proxies.robust_zcp import RobustZcp
from croze.proxies.size import Flops, LiveParams, Params
from croze.proxies.smoothness import SmoothFeatures, SmoothGradients
from croze.proxies.snip import Snip
from croze.proxies.swap import Swap, SwapRegularised
from croze.proxies.synflow import SynFlow
from croze.proxies.vkdnw import Vkdnw, VkdnwSingle
from croze.proxies.zen import Zen
from croze.proxies.zico import Zico

_BUILT_IN: tuple[type[Proxy], ...] = (
    CrozePaper,
    CrozeOfficial,
    CrozePositional,
    SmoothFeatures,
    SmoothGradients,
    InputCurvature,
    RobustZcp,
    Params,
    LiveParams,
    Flops,
    Plain,
    GraSP,
    Fisher,
    GradNorm,
    SynFlow,
    Naswot,
    Snip,
    L2Norm,
    JacobCov,
    EpeNas,
    Zen,
    Zico,
    Meco,
    Swap,
    SwapRegularised,
    GradSign,
    Ntk,
    LinearRegions,
    Expressivity,
    Progressivity,
    Trainability,
    Vkdnw,
    VkdnwSingle,
)

AGGREGATES: Mapping[str, Aggregate] = {
    aggregate.alias: aggregate
    for aggregate in (
        Aggregate(
            "logrank",
            (CrozePositional(), CrozePositional(), Meco(), Meco(), Swap(samples=16), JacobCov()),
            "croze-robust",
            "robust networks: consistent gradients, independent features, expressive units (the default)",
            "this project",
        ),
        Aggregate(
            "rank",
            (Ntk(), LinearRegions()),
            "te-nas",
            "rank-sum of the tangent kernel's condition number and of linear regions",
            "Chen et al. 2021, section 3.3",
        ),
        Aggregate(
            "logrank",
            (Expressivity(), Progressivity(), Trainability(), Flops()),
            "az-nas",
            "expressivity, progressivity, trainability and complexity",
            "Lee & Ham 2024, Eq. 8",
        ),
        Aggregate(
            "logrank",
            (VkdnwSingle(), JacobCov(), Expressivity(), Trainability(), Flops()),
            "vkdnw-agg",
            "VKDNW, Jacobian covariance, expressivity, trainability and complexity",
            "Tybl & Neumann 2025, Eq. 13",
        ),
    )
}
"""The named aggregates."""

PROXIES: Mapping[str, type[Proxy]] = Catalogue(
    {kind.name: kind for kind in _BUILT_IN}, reserved=("croze", *KINDS, *AGGREGATES)
)
"""Every proxy by name: those of this package, and those that installed packages offer."""

DEFAULT = "croze-robust"
"""What is used where nobody says otherwise."""


def parse_proxies(proxies: str | Criterion | Iterable[str | Criterion]) -> list[Criterion]:
    """Proxies and aggregates from text, from values, or from a mixture of both.

    >>> [proxy.spec for proxy in parse_proxies("params, croze-paper(beta=1), rank(snip,jacob-cov)")]
    ['params', 'croze-paper(beta=1)', 'rank(snip,jacob-cov)']

    Args:
        proxies: names separated by commas, each with arguments in brackets where it takes any; a `Proxy` or
            an `Aggregate`; or an iterable of these.

    Returns:
        At least one, in order.

    Raises:
        CrozeError: for text that cannot be read, an unknown name or argument, something that is no proxy,
            one that is named twice, or none at all.
    """
    if isinstance(proxies, str | Proxy | Aggregate):
        proxies = [proxies]
    elif not isinstance(proxies, Iterable):
        raise CrozeError(f"A proxy is a name or a croze Proxy, got a {type(proxies).__name__}.")
    found: list[Criterion] = []
    for proxy in proxies:
        if isinstance(proxy, str):
            found += map(_criterion, parse_items(proxy))
        elif isinstance(proxy, Proxy | Aggregate):
            found.append(proxy)
        else:
            raise CrozeError(f"A proxy is a name or a croze Proxy, got a {type(proxy).__name__}.")
    if not found:
        raise CrozeError("Name at least one proxy, got none.")
    specs = [criterion.spec for criterion in found]
    twice = {spec for spec in specs if specs.count(spec) > 1}
    if twice:
        raise CrozeError(f"Proxy {sorted(twice)[0]} is named twice; name each one once.")
    return found


def parse_proxy(proxy: str | Criterion) -> Criterion:
    """The one proxy or aggregate that a text names, or the value itself.

    Raises:
        CrozeError: as `parse_proxies`, or when the text names several.
    """
    found = parse_proxies(proxy)
    if len(found) != 1:
        raise CrozeError(f"Expected one proxy, got {len(found)} in {proxy!r}.")
    return found[0]


def _criterion(item: Item) -> Criterion:
    if item.name in KINDS:
        return Aggregate(item.name, tuple(_proxy(part) for part in parse_items(item.body)))
    if item.name in AGGREGATES:
        if item.body:
            raise CrozeError(f"{item.name} takes no arguments: it is {AGGREGATES[item.name].definition}.")
        return AGGREGATES[item.name]
    return _proxy(item)


def _proxy(item: Item) -> Proxy:
    name = item.name
    if name in KINDS or name in AGGREGATES:
        raise CrozeError(
            f"{item.text!r} is an aggregate and cannot be part of another; name its parts instead."
        )
    if name == "croze":
        forms = [known for known in PROXIES if known.startswith("croze-")]
        raise CrozeError(
            f"'croze' has {len(forms)} forms, which rank differently; name one of {', '.join(forms)}."
        )
    if name not in PROXIES:
        known = ", ".join((*PROXIES, *AGGREGATES))
        raise CrozeError(f"Unknown proxy {name!r}; the known ones are {known}, and {', '.join(KINDS)}(...).")
    return PROXIES[name].from_arguments(item.arguments())
