"""Architectures that are written as Python or JSON values; nothing that is read is ever run."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping
from typing import Any

LONGEST = 20_000
FIELDS = ("normal", "normal_concat", "reduce", "reduce_concat")

_ASSIGNMENT = re.compile(r"\A\s*\w+\s*=(?!=)")
_EDGE = re.compile(r"\D*(\d{1,2})(\D+)(\d{1,2})\D*")


def literal(text: str) -> Any:
    """The lists, tuples (as lists), dictionaries, texts and numbers that a text holds.

    A `Genotype(...)` is a dictionary of its fields, `range(2, 6)` a list. The value may follow a name and an
    equals sign.

    Raises:
        ValueError: for anything else.
    """
    if len(text) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST:,} characters")
    try:
        with warnings.catch_warnings():  # of odd escapes in quoted text
            warnings.simplefilter("ignore")
            expression = ast.parse(_ASSIGNMENT.sub("", text).strip(), mode="eval").body
        return _value(expression)
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError("it is neither a call of Genotype, nor lists, nor JSON") from None


def by_edge(value: Mapping[Any, Any], targets: range) -> dict[tuple[int, int], Any]:
    """A dictionary by edge as one by (source, target), in the order of targets and then of sources.

    Keys are pairs, or texts such as `0->1` and `1<-0`; the target is the larger node. Nodes count from 0, or
    from 1 where the targets say so.

    Args:
        targets: the nodes that have incoming edges, counted from 0.

    Raises:
        ValueError: for other keys, nodes or an edge that stands there twice.
    """
    found: dict[tuple[int, int], Any] = {}
    for key, content in value.items():
        match = _EDGE.fullmatch(key) if isinstance(key, str) else None
        nodes = [int(match[1]), int(match[3])] if match else list(key) if isinstance(key, tuple) else []
        if len(nodes) != 2 or nodes[0] == nodes[1] or not all(type(node) is int for node in nodes):
            raise ValueError(f"{key!r:.40} is no edge such as (0, 1) or '0->1'")
        edge = (min(nodes), max(nodes))
        if edge in found:
            raise ValueError(f"the edge {key!r:.40} stands there twice")
        found[edge] = content
    ends = {target for _, target in found}
    shift = 1 if ends == {target + 1 for target in targets} else 0
    if not shift and not ends <= set(targets):
        raise ValueError(f"its edges end in nodes {sorted(ends)} instead of {list(targets)}")
    ordered = sorted(found, key=lambda edge: (edge[1], edge[0]))
    return {(source - shift, target - shift): found[source, target] for source, target in ordered}


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=str() | int() | float() as value) if not isinstance(value, bool):
            return value
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return [_value(element) for element in elements]
        case ast.Dict(keys=keys, values=values):
            return dict(zip(map(_key, keys), map(_value, values), strict=True))
        case ast.Call(func=ast.Name(id="Genotype"), args=[], keywords=keywords):
            return {keyword.arg: _value(keyword.value) for keyword in keywords}
        case ast.Call(func=ast.Name(id="Genotype"), args=arguments, keywords=[]) if len(arguments) == 4:
            return dict(zip(FIELDS, map(_value, arguments), strict=True))
        case ast.Call(func=ast.Name(id="list" | "tuple"), args=[inner], keywords=[]):
            return _value(inner)
        case ast.Call(
            func=ast.Name(id="range"),
            args=[ast.Constant(value=int() as start), ast.Constant(value=int() as stop)],
            keywords=[],
        ) if 0 <= start < stop < 100:
            return list(range(start, stop))
    raise ValueError(f"it holds {ast.unparse(node)[:40]!r}")


def _key(node: ast.expr | None) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Tuple(elts=[ast.Constant(value=first), ast.Constant(value=second)]):
            return first, second
    return None
