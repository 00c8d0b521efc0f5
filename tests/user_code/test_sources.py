import hashlib
import sys
from types import ModuleType

import pytest

from croze.user_code import digest_of, find_module, import_file, local_modules, user_modules

USER = "from blocks_21 import Block\nimport torch\n"
BLOCKS = "import json\nclass Block:\n    size = 1\n"


@pytest.fixture
def digest(tmp_path, monkeypatch):
    """The digest of a module made of these files, the first of which is imported."""
    count = 0

    def of(*files):
        nonlocal count
        count += 1
        folder = tmp_path / str(count)
        for name, text in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        before = set(sys.modules)
        found = digest_of(import_file(folder / files[0][0]))
        for name in set(sys.modules) - before:
            del sys.modules[name]
        return found

    return of


def test_one_file_counts_by_its_text_and_not_by_its_name(digest):
    assert digest(("a_20.py", "x = 1\n")) == hashlib.sha256(b"x = 1\n").hexdigest()
    assert digest(("b_20.py", "x = 1\n")) == digest(("a_20.py", "x = 1\n"))
    assert digest(("b_20.py", "x = 2\n")) != digest(("a_20.py", "x = 1\n"))


def test_what_it_imports_from_its_folder_counts(digest):
    base = digest(("user_21.py", USER), ("blocks_21.py", BLOCKS))
    assert digest(("user_21.py", USER), ("blocks_21.py", BLOCKS)) == base
    assert digest(("user_21.py", USER), ("blocks_21.py", BLOCKS), ("other.py", "x = 1")) == base
    assert digest(("user_21.py", USER), ("blocks_21.py", BLOCKS.replace("1", "2"))) != base
    further = BLOCKS + "def f():\n    from deep_21.part import thing\n"
    deep = ("deep_21/part.py", "thing = 1\n"), ("deep_21/__init__.py", "")
    two = digest(("user_21.py", USER), ("blocks_21.py", further), *deep)
    changed = ("deep_21/part.py", "thing = 2\n"), deep[1]
    assert len({base, two, digest(("user_21.py", USER), ("blocks_21.py", further), *changed)}) == 3


def test_files_that_import_each_other_end(digest):
    assert digest(("ring_22.py", "import gnir_22\n"), ("gnir_22.py", "import ring_22\n"))


def test_relative_imports_count(write, tmp_path, monkeypatch):
    write("package_23/__init__.py", "")
    write("package_23/inner/__init__.py", "from . import one\n")
    write("package_23/inner/one.py", "from ..base import SIZE\nfrom ..many import alpha\n")
    write("package_23/base.py", "SIZE = 1\n")
    write("package_23/many/__init__.py", "")
    write("package_23/many/alpha.py", "")
    monkeypatch.syspath_prepend(str(tmp_path))
    module = find_module("package_23.inner.one")
    assert [m.__name__ for m in local_modules(module)] == [
        "package_23",
        "package_23.inner",
        "package_23.base",
        "package_23.many",
        "package_23.many.alpha",
        "package_23.inner.one",
    ]
    names = [m.__name__ for m in local_modules(find_module("package_23.inner"))]
    assert names[-2:] == ["package_23.inner.one", "package_23.inner"]


def test_beside_an_installed_package_only_its_own_files_count(write, tmp_path, monkeypatch):
    write("site-packages/mine_24/__init__.py", "import theirs_24\n")
    write("site-packages/mine_24/part.py", "from mine_24 import theirs_24\nfrom . import again\n")
    write("site-packages/mine_24/again.py", "")
    write("site-packages/theirs_24.py", "")
    monkeypatch.syspath_prepend(str(tmp_path / "site-packages"))
    module = find_module("mine_24.part")
    assert {m.__name__ for m in local_modules(module)} == {"mine_24", "mine_24.part", "mine_24.again"}


def test_users_modules_are_marked_and_nothing_else_is(write):
    write("blocks_21.py", BLOCKS)
    module = import_file(write("user_21.py", USER))
    names = {m.__name__ for m in user_modules()}
    assert {"user_21", "blocks_21"} <= names
    assert not {"json", "torch", "croze", "croze.user_code"} & names
    assert [m.__name__ for m in local_modules(module)] == ["blocks_21", "user_21"]


def test_the_digest_is_of_what_was_run(write):
    file = write("user_25.py", "x = 1\n")
    module = import_file(file)
    write("user_25.py", "x = 2\n")
    assert digest_of(module) == hashlib.sha256(b"x = 1\n").hexdigest()
    assert digest_of(import_file(file)) == hashlib.sha256(b"x = 2\n").hexdigest()


def test_a_neighbour_that_cannot_be_parsed_is_left_to_python(write):
    write("broken_26.py", "def f(:\n")
    text = "def f():\n    import broken_26\n"
    module = import_file(write("user_26.py", text))
    expected = hashlib.sha256(text.encode() + b"\0broken_26.py\0def f(:\n").hexdigest()
    assert digest_of(module) == expected


def test_a_module_without_a_file_has_no_digest():
    assert digest_of(ModuleType("typed_in")) == ""
