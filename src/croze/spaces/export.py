"""One Python file that needs nothing of croze, put together from the source of modules."""

from __future__ import annotations

import ast
import inspect
import symtable
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

from croze.errors import CrozeError

_MAIN = """\
if __name__ == "__main__":
    network = build()
    print(sum(p.numel() for p in network.parameters()), "parameters")
    with torch.no_grad():
        print("logits", tuple(network(torch.zeros(2, 3, {size}, {size})).shape))
"""


@dataclass(frozen=True)
class _Definition:
    """A class, function or constant of a module: its text, and the names that the text uses."""

    name: str
    text: str
    uses: frozenset[str]


def standalone(modules: Sequence[ModuleType], build: str, *, title: str, size: int = 32) -> str:
    """The text of a Python file with a function `build()`, made of code that exists and is tested already.

    Of the modules only the classes, functions and constants that `build` needs are taken, in their order.
    They may hold other things too; what is needed must not come from croze but from each other. Imports from
    elsewhere come along.

    Args:
        modules: the modules, those that are imported by others first.
        build: source of constants and of the function `build()` that makes the network.
        title: the docstring of the file.
        size: height and width of the images that the file tries its network on when it is run.

    Raises:
        CrozeError: when something needed comes from croze but from none of the modules, when two modules
            define the same name differently, or the source of a module is not to be had.
    """
    included = {module.__name__ for module in modules}
    definitions: dict[str, _Definition] = {}
    imports: dict[str, tuple[str, str]] = {"torch": ("", "torch")}
    missing: dict[str, str] = {}
    twice: set[str] = set()
    for module in modules:
        source = _source_of(module)
        lines = source.splitlines()
        for statement in ast.parse(source).body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                _note_imports(statement, included, imports, missing)
                continue
            for name in _defined(statement):
                text = _text(lines, statement)
                if name in definitions and definitions[name].text != text:
                    twice.add(name)
                definitions.setdefault(name, _Definition(name, text, _globals_of(text)))
    needed = _reached(_globals_of(build), definitions)
    for name in sorted(needed & twice):
        raise CrozeError(
            f"Cannot export: {name} is defined twice among {', '.join(sorted(included))}; "
            "give one of them another name."
        )
    for name in sorted(needed - definitions.keys()):
        if name in missing:
            raise CrozeError(
                f"Cannot export: the network needs {name} of {missing[name]}; "
                f"an exported file imports nothing of croze, so name that module as well."
            )
    texts = dict.fromkeys(d.text for name, d in definitions.items() if name in needed)
    lines = _import_lines([what for name, what in imports.items() if name in needed or name == "torch"])
    heading = f'"""{title}\n"""' if "\n" in title else f'"""{title}"""'
    head = [heading, "", "from __future__ import annotations", "", *lines]
    body = "".join(f"\n\n{text}\n" for text in (*texts, build.strip(), _MAIN.format(size=size).strip()))
    return "\n".join(head) + "\n" + body


def build_source(network: str, arguments: Mapping[str, object], constants: str = "") -> str:
    """Constants, and the function `build()` that calls a class with arguments; texts are expressions."""
    lines = "".join(f"        {name}={value},\n" for name, value in arguments.items())
    opening = f"{constants}\n\n\n" if constants else ""
    return (
        f'{opening}def build():\n    """The network with fresh weights: normalised images to logits."""\n'
        f"    return {network}(\n{lines}    )"
    )


def _source_of(module: ModuleType) -> str:
    try:
        return inspect.getsource(module)
    except (OSError, TypeError) as problem:
        raise CrozeError(
            f"Cannot export: the source of {module.__name__} cannot be read ({problem})."
        ) from None


def _note_imports(
    statement: ast.Import | ast.ImportFrom,
    included: set[str],
    imports: dict[str, tuple[str, str]],
    missing: dict[str, str],
) -> None:
    origin = ""
    if isinstance(statement, ast.ImportFrom):
        origin = "." * statement.level + (statement.module or "")
        if origin == "__future__" or origin in included:
            return
    for alias in statement.names:
        name = alias.asname or alias.name.split(".")[0]
        renamed = f" as {alias.asname}" if alias.asname else ""
        source = origin or alias.name
        if source.split(".")[0] in ("croze", ""):
            missing[name] = source
        else:
            imports[name] = (origin, f"{alias.name}{renamed}")


def _defined(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            return [name]
    return []


def _text(lines: list[str], statement: ast.stmt) -> str:
    """The statement with its decorators and the comment that stands right above it."""
    decorators = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(d.lineno for d in decorators)]) - 1
    while first and lines[first - 1].startswith("#"):
        first -= 1
    return "\n".join(lines[first : statement.end_lineno])


def _globals_of(text: str) -> frozenset[str]:
    """The module-level names that a piece of source uses, annotations included."""
    top = symtable.symtable(text, "export", "exec")
    used = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    tables = list(top.get_children())
    while tables:
        table = tables.pop()
        used |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
        tables += table.get_children()
    return frozenset(used)


def _reached(start: Iterable[str], definitions: dict[str, _Definition]) -> set[str]:
    reached: set[str] = set()
    waiting = list(start)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            if name in definitions:
                waiting += definitions[name].uses
    return reached


def _import_lines(wanted: Sequence[tuple[str, str]]) -> list[str]:
    """Import lines for pairs of a module (empty for a plain import) and a name: torch comes last."""
    plain = [f"import {name}" for origin, name in wanted if not origin]
    by_origin: dict[str, set[str]] = {}
    for origin, name in wanted:
        if origin:
            by_origin.setdefault(origin, set()).add(name)
    lines = sorted(plain) + [
        f"from {origin} import {', '.join(sorted(by_origin[origin]))}" for origin in sorted(by_origin)
    ]
    of_torch = [line for line in lines if line.split()[1].split(".")[0] == "torch"]
    others = [line for line in lines if line not in of_torch]
    return [*others, *([""] if others else []), *of_torch]
