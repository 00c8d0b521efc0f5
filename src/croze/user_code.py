"""Python files of a user: run under their own names, and known by what stands in them."""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import linecache
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from importlib.util import decode_source
from pathlib import Path
from sysconfig import get_paths
from types import ModuleType
from typing import Any

from croze.errors import CrozeError

MARK = "__croze_user__"
"""An attribute of modules that belong to a user; what sends code to other machines looks for it."""

_SOURCES = "__croze_sources__"
_INSTALLED = ("site-packages", "dist-packages")
_OURS = __name__.split(".")[0]


def digest_of(module: ModuleType) -> str:
    """SHA-256 over a module's file and everything that it imports from its own folder, as they were run.

    The name of the file itself and what is installed (torch, this package) do not count. Empty for a module
    without a file, such as that of an interactive session.
    """
    file = file_of(module)
    if file is None:
        return ""
    sources = _sources_of(module)
    total = hashlib.sha256(sources[file])
    root = _root_of(module, file)
    for path in sorted(sources.keys() - {file}):
        total.update(b"\0" + path.relative_to(root).as_posix().encode() + b"\0" + sources[path])
    return total.hexdigest()


def local_modules(module: ModuleType) -> list[ModuleType]:
    """The loaded ones among the modules that it imports from its own folder, and last the module itself."""
    sources = _sources_of(module)
    # looking up where a file really is takes long for the thousands that torch has
    names = {path.name for path in sources}
    loaded = [m for m in list(sys.modules.values()) if isinstance(m, ModuleType) and _file_name(m) in names]
    of_file = {file_of(m): m for m in (*loaded, module)}
    return [of_file[file] for path in sources if (file := path.resolve()) in of_file] or [module]


def user_modules() -> list[ModuleType]:
    """Every loaded module that belongs to a user: other machines do not have their files."""
    return [m for m in list(sys.modules.values()) if isinstance(m, ModuleType) and vars(m).get(MARK) is True]


def file_of(module: ModuleType) -> Path | None:
    """The file that a module was made from; None for one that was not."""
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if isinstance(file, str) and Path(file).is_file() else None


def _file_name(module: ModuleType) -> str | None:
    file = getattr(module, "__file__", None)
    return file.rpartition(os.sep)[2] if isinstance(file, str) else None


def remember(module: ModuleType) -> None:
    """Mark a module that has just been run, and keep the text it was run from."""
    file = file_of(module)
    if file is None or module.__name__.split(".")[0] in (_OURS, *sys.stdlib_module_names):
        return
    vars(module)[_SOURCES] = _read(module, file)
    for part in local_modules(module):
        vars(part)[MARK] = True
    for path, source in _sources_of(module).items():
        # without a time, so that tracebacks and `inspect` show what was run, whatever the file says by now
        lines = decode_source(source).splitlines(keepends=True)
        linecache.cache[str(path)] = (len(source), None, lines, str(path))


def is_current(module: ModuleType) -> bool:
    """Whether the files of a remembered module are still as they were."""
    file = file_of(module)
    return file is not None and vars(module).get(_SOURCES) == _read(module, file)


def forget(module: ModuleType) -> None:
    """Take a module and its neighbours out of `sys.modules`, so that they are run anew."""
    for part in local_modules(module):
        if sys.modules.get(part.__name__) is part and part.__name__ != "__main__":
            del sys.modules[part.__name__]


def _sources_of(module: ModuleType) -> Mapping[Path, bytes]:
    remembered: Mapping[Path, bytes] | None = vars(module).get(_SOURCES)
    if remembered is None:
        file = file_of(module)
        remembered = {} if file is None else _read(module, file)
        vars(module)[_SOURCES] = remembered
    return remembered


def _read(module: ModuleType, file: Path) -> dict[Path, bytes]:
    """The texts of the file and of what it imports from its folder, directly or not; importers come last."""
    root = _root_of(module, file)
    # beside an installed module everything is installed; only its own package belongs to it
    installed = any(part in _INSTALLED for part in root.parts) or str(root) == get_paths()["stdlib"]
    only = module.__name__.split(".")[0] if installed else None
    found: dict[Path, bytes] = {}
    entered: set[Path] = set()

    def enter(path: Path) -> None:
        entered.add(path)
        source = path.read_bytes()
        for name in _imported(source, path.relative_to(root).parent.parts):
            top = name.split(".")[0]
            for imported in _files(root, name) if top != _OURS and only in (None, top) else ():
                if imported not in entered:
                    enter(imported)
        found[path] = source

    enter(file)
    return found


def _root_of(module: ModuleType, file: Path) -> Path:
    """The folder from which the module's full name leads to the file."""
    folder = file.parent
    for _ in filter(None, (module.__package__ or "").split(".")):
        folder = folder.parent
    return folder


def _imported(source: bytes, package: tuple[str, ...]) -> Iterator[str]:
    """Every name that may be a module: the packages around the text, and what it imports wherever it does."""
    yield from _with_packages(package)
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # python says so where it is imported
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_packages(alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            parts = [*above, *(node.module or "").split(".")] if node.module else [*above]
            yield from _with_packages(parts)
            yield from (".".join([*parts, alias.name]) for alias in node.names)


def _with_packages(parts: Sequence[str]) -> Iterator[str]:
    """Of `a.b.c` the names `a`, `a.b`, `a.b.c`: importing the last runs them all."""
    yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _files(root: Path, name: str) -> list[Path]:
    plain = root.joinpath(*name.split("."))
    candidates = (plain / "__init__.py", plain.with_name(f"{plain.name}.py"))
    return [path for path in candidates if path.is_file()][:1]


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

    The folder joins `sys.path`, of which a spawned process gets a copy. A file is not run again unless it or
    something that it imports from its folder has changed since.

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

    The module's name is that of the file, or one that nothing has.

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
    """What a user's function or class returns; a CrozeError with the reason when it fails."""
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
