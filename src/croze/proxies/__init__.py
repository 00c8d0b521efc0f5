"""The zero-cost proxies: one file each, found by name in `registry`."""

from croze.proxies.aggregate import Aggregate, Criterion, merits, parts_of
from croze.proxies.base import Measurement, Proxy
from croze.proxies.passes import Passes, Undefined
from croze.proxies.registry import (
    AGGREGATES,
    DEFAULT,
    PROXIES,
    parse_proxies,
    parse_proxy,
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
    "merits",
    "parse_proxies",
    "parse_proxy",
    "parts_of",
]
