"""Modules that are not imported before they are needed: what they declare, and names that import them late.

`croze list` needs names, summaries and defaults, which are literals; importing the modules would import
torch.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

_NOT_IMPORTED = ("torch", "numpy", "scipy", "sklearn")


def lazily(
    package: str, homes: Mapping[str, str], public: Sequence[str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The `__getattr__` and `__dir__` of a package, from the module of each late name and what `dir`
    lists.
    """

    def get(name: str) -> Any:
        if name in homes:
            return getattr(import_module(homes[name]), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get, lambda: sorted(public)


def declared(module: str, name: str) -> Any:
    """The value of a name of a module of this package, its classes and functions as `Declared`.

    >>> declared("croze.proxies.snip", "Snip").name
    'snip'

    Raises:
        LookupError: when the source does not say.
    """
    source = _source(module)
    if name in source.definitions:
        return Declared(source, source.definitions[name], {})
    if name in source.values:
        return source.value(source.values[name])
    if name in source.imports:
        home, original = source.imports[name]
        if home.split(".")[0] in _NOT_IMPORTED:
            raise LookupError(f"{name} of {module} comes from {home}")
        if not home.startswith("croze"):
            return getattr(import_module(home), original) if original else import_module(home)
        return declared(home, original) if original else _Module(home)
    raise LookupError(f"{module} declares no {name}")


def module_line(module: str) -> str:
    """The first line of the docstring of a module of this package, without its full stop."""
    return _line(_source(module).tree)


@dataclass(frozen=True)
class Declared:
    """A class or function of a module, or what a call of it makes; attributes are read as of the thing
    itself.
    """

    _module: _Source
    _node: ast.ClassDef | ast.FunctionDef
    given: Mapping[str, Any]

    def __call__(self, *values: Any, **named: Any) -> Declared:
        """What the class makes of these arguments."""
        return replace(self, given=dict(zip(self.fields, values, strict=False)) | named)

    def __getattr__(self, name: str) -> Any:
        """An argument, or a value that stands in the body of the class or of a base."""
        if name in self.given:
            return self.given[name]
        for kind in self._kinds():
            for statement in kind._node.body:
                match statement:
                    case (
                        ast.Assign(targets=[ast.Name(id=target)], value=ast.expr() as value)
                        | ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value)
                    ) if target == name:
                        return kind._module.value(value)
        raise AttributeError(f"{self._node.name} declares no {name}")

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of a dataclass in order, those of its bases first, with their defaults or `...`."""
        found: dict[str, Any] = {}
        for kind in reversed(self._kinds()):
            for statement in kind._node.body:
                match statement:
                    case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                        if "ClassVar" not in ast.unparse(annotation):
                            found[name] = ... if value is None else kind._module.value(value)
        return found

    @property
    def settings(self) -> dict[str, Any]:
        """The fields with what was given for them, or else their defaults."""
        return self.fields | dict(self.given)

    @property
    def line(self) -> str:
        """The first line of the docstring, without its full stop."""
        return _line(self._node)

    @property
    def module_line(self) -> str:
        """The first line of the docstring of the module it stands in."""
        return _line(self._module.tree)

    def _kinds(self) -> list[Declared]:
        """The class and its bases in this package, as far as it has one base at a time."""
        found, kind = [self], self
        while isinstance(kind._node, ast.ClassDef) and kind._node.bases:
            try:
                base = kind._module.value(kind._node.bases[0])
            except LookupError:
                break
            if not isinstance(base, Declared):
                break
            kind = base
            found.append(kind)
        return found


@dataclass(frozen=True)
class _Module:
    """A module that another one names."""

    name: str

    def __getattr__(self, name: str) -> Any:
        return declared(self.name, name)


class _Source:
    """The statements of a module by the name they bind."""

    def __init__(self, path: Path, package: str) -> None:
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.definitions: dict[str, ast.ClassDef | ast.FunctionDef] = {}
        self.values: dict[str, ast.expr] = {}
        self.imports: dict[str, tuple[str, str]] = {}
        for node in self.tree.body:
            match node:
                case ast.ClassDef() | ast.FunctionDef():
                    self.definitions[node.name] = node
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=ast.expr() as value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                ):
                    self.values[name] = value
                case ast.ImportFrom(module=str() as home):
                    for alias in node.names:
                        where = (home, alias.name)
                        if home.startswith("croze") and _is_module(f"{home}.{alias.name}"):
                            where = (f"{home}.{alias.name}", "")
                        self.imports[alias.asname or alias.name] = where
                case ast.Import():
                    for alias in node.names:
                        self.imports[alias.asname or alias.name] = (alias.name, "")
        self.name = package

    def value(self, expression: ast.expr) -> Any:
        """The value of an expression whose names are declared here; a LookupError when one of them is not."""
        bound = {
            node.id
            for node in ast.walk(expression)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        names = {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)} - bound
        known = {name: declared(self.name, name) for name in names if not hasattr(builtins, name)}
        return eval(compile(ast.Expression(expression), self.name, "eval"), known)


@cache
def _source(module: str) -> _Source:
    return _Source(_path(module), module)


def _path(module: str) -> Path:
    """The file of a module of this package; packages on the way are not imported."""
    place = Path(__file__).parent.joinpath(*module.split(".")[1:])
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def _is_module(name: str) -> bool:
    return _path(name).is_file()


def _line(node: ast.Module | ast.ClassDef | ast.FunctionDef) -> str:
    return (ast.get_docstring(node) or "").strip().splitlines()[0].rstrip(".")
