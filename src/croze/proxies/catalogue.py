"""The proxies of this package, and those that installed packages add by an entry point."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points

from croze.errors import CrozeError
from croze.proxies.base import Proxy

GROUP = "croze.proxies"
"""The entry point group: name of the proxy -> its class."""


class Catalogue(Mapping[str, type[Proxy]]):
    """Proxies by name; a proxy of another package is imported when it is first asked for.

    Args:
        built_in: those of this package, which nobody can replace.
        reserved: names that stand for something else, such as aggregates.
    """

    def __init__(self, built_in: Mapping[str, type[Proxy]], reserved: Collection[str] = ()) -> None:
        self._built_in = dict(built_in)
        self._reserved = frozenset(reserved)
        self._loaded: dict[str, type[Proxy]] = {}

    def __getitem__(self, name: str) -> type[Proxy]:
        """The class of this name.

        Raises:
            KeyError: nobody offers it.
            CrozeError: a package offers it, but what it offers cannot be imported or is no proxy.
        """
        if name in self._built_in:
            return self._built_in[name]
        if name not in self._loaded:
            self._loaded[name] = _load(self._offered[name])
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._built_in
        yield from self._offered

    def __len__(self) -> int:
        return len(self._built_in) + len(self._offered)

    def __contains__(self, name: object) -> bool:
        return name in self._built_in or name in self._offered

    @cached_property
    def _offered(self) -> dict[str, EntryPoint]:
        found: dict[str, EntryPoint] = {}
        for point in entry_points(group=GROUP):
            if point.name in self._built_in or point.name in found or point.name in self._reserved:
                raise CrozeError(
                    f"{point.value} is installed as the proxy {point.name!r}, a name that is taken: "
                    "its package must choose another."
                )
            found[point.name] = point
        return found


def _load(point: EntryPoint) -> type[Proxy]:
    try:
        kind = point.load()
    except Exception as problem:
        raise CrozeError(
            f"The proxy {point.name!r} ({point.value}) cannot be imported: {problem}."
        ) from problem
    if not (isinstance(kind, type) and issubclass(kind, Proxy) and getattr(kind, "name", None) == point.name):
        raise CrozeError(
            f"The entry point {point.name!r} ({point.value}) must be a subclass of croze.proxies.Proxy whose "
            f"name is {point.name!r}, got {kind!r}."
        )
    return kind
