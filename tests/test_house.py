"""Rules of the house that no linter knows: short verbs, messages of the library without flags, prose help."""

import ast
import re
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[1] / "src" / "croze"
VERBS = sorted((*(SRC / "cli").rglob("*.py"), *(SRC / "paper").rglob("*.py")))
LIBRARY = sorted(path for path in SRC.rglob("*.py") if path not in VERBS and path.name != "__main__.py")
MOST = 60
FLAG = re.compile(r"(?:^|[\s`'\"(])--[a-z][a-z-]+")


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def lines_of_body(function):
    first = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return first[-1].end_lineno - first[0].lineno + 1 if first else 0


@pytest.mark.parametrize("path", VERBS, ids=lambda path: path.relative_to(SRC).as_posix())
def test_a_verb_is_options_a_run_and_what_is_printed(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    long = {f.name: count for f in functions(tree) if (count := lines_of_body(f)) > MOST}
    assert not long, f"at most {MOST} lines"


def texts(tree):
    """Every text but docstrings: messages, notes, what tables say."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and ast.get_docstring(node) is not None
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.relative_to(SRC).as_posix())
def test_messages_of_the_library_name_arguments_not_flags(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert [text for text in texts(tree) if FLAG.search(text) and "ray start" not in text] == []


def test_the_rules_see_what_they_forbid():
    long = ast.parse("def f():\n    '''Doc.'''\n" + "    x = 1\n" * (MOST + 1)).body[0]
    assert lines_of_body(long) == MOST + 1
    flags = ast.parse('def f():\n    raise ValueError(f"{x} is missing: add --space FILE")').body[0]
    assert any(FLAG.search(text) for text in texts(flags))
