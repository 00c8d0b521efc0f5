"""Runs a user's file, and finds what is named in it."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from croze.errors import CrozeError
from croze.user_code.sources import file_of, forget, is_current, remember


def find_module(path: str) -> ModuleType:
    """The module that `path/to/file.py`, `path/to/file` or `package.module` stands for.

    Raises:
        CrozeError: when there is no such file and no such module, or it cannot be run.
    """
    plain = Path(path).expanduser()
    for file in (plain, plain.with_name(f"{plain.name}.py")):
        if file.suffix == ".py" and file.is_file():
            return import_file(file)
    if plain.suffix == ".py":
        raise CrozeError(f"{path} is not a file.")
    try:
        found = all(part.isidentifier() for part in path.split(".")) and importlib.util.find_spec(path)
    except (ImportError, ValueError):  # a package on the way is none
        found = None
    if not found:
        raise CrozeError(f"{path} is neither a file ({path}.py) nor a module that can be imported.")
    try:
        module = importlib.import_module(path)
    except (Exception, SystemExit) as problem:
        raise CrozeError(f"{path} cannot be run: {reason(problem)}.") from problem
    remember(module)
    return module


def import_file(file: Path) -> ModuleType:
    """The module of a file, under the file's own name, so that `pickle` finds it in other processes.

    The folder joins `sys.path`, of which a process that is spawned gets a copy. A file that was imported
    before is not run again, unless it or something that it imports from its folder has changed since.

    Raises:
        CrozeError: when the file cannot be run, or its name means another module.
    """
    file = file.resolve()
    loaded = sys.modules.get(file.stem)
    if loaded is not None:
        if file_of(loaded) != file:
            raise _taken(file, file_of(loaded))
        if is_current(loaded):
            return loaded
        forget(loaded)
    return run_file(file, file.stem)


def run_file(file: Path, name: str) -> ModuleType:
    """The module of a file, run now and put in `sys.modules`; its folder is on `sys.path` from then on.

    Args:
        file: a Python file.
        name: of the module: that of the file, or one that nothing has.

    Raises:
        CrozeError: when the file is missing or cannot be run, or importing its name gives another file.
    """
    file = file.resolve()
    if not file.is_file():
        raise CrozeError(f"{file} is not a file.")
    with _unless_it_fails(name):
        if str(file.parent) not in sys.path:
            sys.path.insert(0, str(file.parent))  # its neighbours, as when python runs the file
        if name == file.stem:
            _check_name(file)
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert isinstance(spec.loader, SourceFileLoader)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # dataclasses and pickle look it up there
        try:
            # from the text: compiled code in the cache may be that of an edit ago
            exec(spec.loader.source_to_code(file.read_bytes(), str(file)), vars(module))
        except (Exception, SystemExit) as problem:
            raise CrozeError(f"{file} cannot be run: {reason(problem)}.") from problem
        remember(module)
    return module


def call(thing: Callable[..., Any], label: str, **settings: Any) -> Any:
    """What a user's function or class returns.

    Raises:
        CrozeError: when it fails, with the reason; one that it raises itself is passed on.
    """
    try:
        return thing(**settings)
    except CrozeError:
        raise
    except (Exception, SystemExit) as problem:
        raise CrozeError(f"{label} failed: {reason(problem)}.") from problem


def reason(problem: BaseException) -> str:
    """Kind and first line of a failure, without a full stop."""
    lines = str(problem).strip().splitlines()
    text = lines[0].rstrip(".") if lines else ""
    if isinstance(problem, CrozeError):
        return text
    return f"{type(problem).__name__}: {text}" if text else type(problem).__name__


def _check_name(file: Path) -> None:
    """Whether importing the file's name gives the file, here and so in other processes as well."""
    if "." in file.stem:
        raise CrozeError(f"{file} has a dot in its name and cannot be imported: rename the file.")
    importlib.invalidate_caches()  # the file may be younger than what is remembered of its folder
    spec = importlib.util.find_spec(file.stem)
    origin = None if spec is None or not spec.has_location else spec.origin
    if origin is None or Path(origin).resolve() != file:
        raise _taken(file, origin)


def _taken(file: Path, other: Path | str | None) -> CrozeError:
    return CrozeError(
        f"{file} has the name of another module, {other or 'which Python has built in'}: rename the file."
    )


@contextmanager
def _unless_it_fails(name: str) -> Iterator[None]:
    """Leave `sys.path` and `sys.modules` as they were when the body raises."""
    path, module = list(sys.path), sys.modules.get(name)
    try:
        yield
    except BaseException:
        sys.path[:] = path
        if module is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = module
        raise
