"""A user's own network, named as `file.py:function`."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from croze.errors import CrozeError
from croze.nn.seeding import seeded
from croze.user_code import call, run_file


def load_model(spec: str, seed: int) -> nn.Module:
    """The module that the named function returns (or the named module itself), built from this seed.

    The file is run anew at every call, for a network that it holds itself has its weights from that.

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
    with seeded(seed):
        # a name of its own: it replaces no module, and nothing has to find it in another process
        module = run_file(file, f"croze_user_{file.stem}")
    made = getattr(module, name, None)
    if callable(made) and not isinstance(made, nn.Module):
        with seeded(seed):
            made = call(made, f"{name}() of {file}")
    if not isinstance(made, nn.Module):
        what = "nothing of that name" if made is None else f"something of type {type(made).__name__}"
        raise CrozeError(f"{spec} must be a torch.nn.Module or a function that returns one, got {what}.")
    return made
