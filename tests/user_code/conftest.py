import sys

import pytest


@pytest.fixture(autouse=True)
def imports_undone():
    """What a test imports from its own folder is gone afterwards, from `sys.path` as from `sys.modules`."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", "")).startswith("/tmp"):
            del sys.modules[name]


@pytest.fixture
def write(tmp_path):
    """Writes a file below the test's folder, and gives its path."""

    def file(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return file
