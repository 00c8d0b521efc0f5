"""Rules of the house that no type checker knows."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import croze

SOURCE = Path(croze.__file__).parent
FRONT = ("cli", "paper", "__main__.py")
"""What may speak of options of the command line."""

LONGEST = 60
"""Lines of a function's body on the command line."""

LIBRARY = [path for path in sorted(SOURCE.rglob("*.py")) if path.relative_to(SOURCE).parts[0] not in FRONT]
COMMANDS = [path for folder in ("cli", "paper") for path in sorted((SOURCE / folder).glob("*.py"))]

FLAG = re.compile(r"(?:^|[\s`(,\"'])--[a-z]")
FOREIGN = ("ray start",)
"""Programs of others, whose options a message may name."""


def documented(tree: ast.AST) -> Iterator[ast.stmt]:
    """Every docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            match node.body:
                case [ast.Expr(value=ast.Constant(value=str())) as text, *_]:
                    yield text


def sentences(path: Path) -> Iterator[tuple[int, str]]:
    """Every text of a module but its docstrings, a formatted one as a whole with `{}` for what is put in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = {id(statement.value) for statement in documented(tree)}  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            hidden |= {id(part) for part in node.values}
            yield (
                node.lineno,
                "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values),
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in hidden:
            yield node.lineno, node.value


def test_the_library_names_no_options_of_the_command_line():
    named = [
        f"{path.relative_to(SOURCE)}:{line}: {text}"
        for path in LIBRARY
        for line, text in sentences(path)
        if FLAG.search(text) and not any(program in text for program in FOREIGN)
    ]
    assert not named, "\n".join(named)


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.name)
def test_a_verb_is_options_run_and_print(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert lines <= LONGEST, f"{node.name} has {lines} lines"
