"""The zero-cost proxies: one file each, found by name in `registry`."""

from croze.proxies.aggregate import Aggregate, Criterion, merits, parts_of
from croze.proxies.base import Measurement, Proxy
from croze.proxies.passes import Passes, Undefined
from croze.proxies.registry import (
    AGGREGATES,
    DEFAULT,
    PROXIES,
    find_criteria,
    find_criterion,
    find_proxies,
    find_proxy,
)

__all__ = [
    "AGGREGATES",
    "DEFAULT",
    "PROXIES",
    "Aggregate",
    "Criterion",
    "Measurement",
    "Passes",
    "Proxy",
    "Undefined",
    "find_criteria",
    "find_criterion",
    "find_proxies",
    "find_proxy",
    "merits",
    "parts_of",
]
