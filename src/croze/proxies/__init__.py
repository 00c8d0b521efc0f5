"""The zero-cost proxies: one file each, found by name in `registry`."""

from croze.proxies.base import Measurement, Proxy
from croze.proxies.passes import Undefined
from croze.proxies.registry import DEFAULT, PROXIES, find_proxies, find_proxy

__all__ = ["DEFAULT", "PROXIES", "Measurement", "Proxy", "Undefined", "find_proxies", "find_proxy"]
