"""Every proxy and every named aggregate, and the way from text to them."""

from __future__ import annotations

from collections.abc import Mapping

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


def find_criteria(text: str) -> list[Criterion]:
    """The proxies and aggregates of a list such as `params,croze-paper(beta=1),rank(snip,jacob-cov)`.

    Raises:
        CrozeError: for a list that cannot be read, an unknown name or argument, or one that stands there
        twice.
    """
    criteria = [_criterion(item) for item in parse_items(text)]
    specs = [criterion.spec for criterion in criteria]
    twice = {spec for spec in specs if specs.count(spec) > 1}
    if twice:
        raise CrozeError(f"Proxy {sorted(twice)[0]} is named twice; name each one once.")
    return criteria


def find_criterion(text: str) -> Criterion:
    """The one proxy or aggregate that the text names.

    Raises:
        CrozeError: as `find_criteria`, or when it names several.
    """
    criteria = find_criteria(text)
    if len(criteria) != 1:
        raise CrozeError(f"Expected one proxy, got {len(criteria)} in {text!r}.")
    return criteria[0]


def find_proxies(text: str) -> list[Proxy]:
    """The same for a list without aggregates.

    Raises:
        CrozeError: as `find_criteria`, or when one of them is an aggregate.
    """
    return [_single(criterion) for criterion in find_criteria(text)]


def find_proxy(text: str) -> Proxy:
    """The one proxy that the text names.

    Raises:
        CrozeError: as `find_proxies`, or when it names several.
    """
    return _single(find_criterion(text))


def _single(criterion: Criterion) -> Proxy:
    if isinstance(criterion, Aggregate):
        raise CrozeError(f"{criterion.spec} is an aggregate of several proxies; name single ones here.")
    return criterion


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
