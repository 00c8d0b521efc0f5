"""A user's own network, named as `file.py:function`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from torch import nn

from croze.errors import CrozeError
from croze.nn.seeding import seeded
from croze.scoring import failure_reason


def load_model(spec: str, seed: int) -> nn.Module:
    """The module that the named function returns (or the named module itself), built from this seed.

    Args:
        spec: `path/to/file.py:name`, name being a function without arguments or an `nn.Module`.
        seed: of the weights.

    Raises:
        CrozeError: when the file or the name is missing, the file cannot be run, or what comes back is no
            network.
    """
    path, colon, name = spec.rpartition(":")
    file = Path(path).expanduser()
    if not colon or not name or file.suffix != ".py":
        raise CrozeError(f"--model takes FILE.py:FUNCTION, got {spec!r}.")
    if not file.is_file():
        raise CrozeError(f"--model names {file}, which is not a file.")
    module_spec = importlib.util.spec_from_file_location(f"croze_user_{file.stem}", file)
    assert module_spec is not None
    assert module_spec.loader is not None
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[module_spec.name] = module  # dataclasses and pickle look it up there
    sys.path.insert(0, str(file.resolve().parent))  # its neighbours, as when python runs the file
    try:
        with seeded(seed):
            module_spec.loader.exec_module(module)
    except (Exception, SystemExit) as problem:
        raise CrozeError(f"{file} cannot be run: {failure_reason(problem)}.") from problem
    made = getattr(module, name, None)
    if callable(made) and not isinstance(made, nn.Module):
        try:
            with seeded(seed):
                made = made()
        except (Exception, SystemExit) as problem:
            raise CrozeError(f"{name}() of {file} failed: {failure_reason(problem)}.") from problem
    if not isinstance(made, nn.Module):
        what = "nothing of that name" if made is None else f"something of type {type(made).__name__}"
        raise CrozeError(f"{spec} must be a torch.nn.Module or a function that returns one, got {what}.")
    return made
