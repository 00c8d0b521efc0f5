"""A user's own network, named as `file.py:function`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from croze.errors import CrozeError
from croze.nn.seeding import seeded
from croze.user_code import call, digest_of, run_file


@dataclass(frozen=True)
class OfFile:
    """A user's network; `of` makes one from its spec alone.

    Attributes:
        model: `path/to/file.py:name`, the path being absolute.
        digest: SHA-256 over the file and what it imports from its folder, as `digest_of`.
    """

    model: str
    digest: str

    @classmethod
    def of(cls, spec: str) -> OfFile:
        """The subject that the spec names; the file is run once.

        Raises:
            CrozeError: as `load_model`.
        """
        file, name = _named(spec)
        return cls(f"{file.resolve()}:{name}", digest_of(_run(file, 0)))

    @property
    def title(self) -> str:
        """File and name."""
        file, name = _named(self.model)
        return f"{file.name}:{name}"

    def build(self, classes: int, seed: int) -> nn.Module:
        """What the function returns, or the module itself; `classes` are up to the user's code.

        Raises:
            CrozeError: as `load_model`, or when the file is another one than it was.
        """
        file, name = _named(self.model)
        module = _run(file, seed)
        if digest_of(module) != self.digest:
            raise CrozeError(
                f"{file} has changed since this was begun: bring it back, or begin anew in another folder."
            )
        return _made(module, name, file, seed)

    def to_json(self) -> dict[str, Any]:
        """Where the network comes from."""
        return {"model": self.model, "digest": self.digest}


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
    file, name = _named(spec)
    return _made(_run(file, seed), name, file, seed)


def _made(module: ModuleType, name: str, file: Path, seed: int) -> nn.Module:
    made = getattr(module, name, None)
    if callable(made) and not isinstance(made, nn.Module):
        with seeded(seed):
            made = call(made, f"{name}() of {file}")
    if not isinstance(made, nn.Module):
        what = "nothing of that name" if made is None else f"something of type {type(made).__name__}"
        raise CrozeError(
            f"{file}:{name} must be a torch.nn.Module or a function that returns one, got {what}."
        )
    return made


def _named(spec: str) -> tuple[Path, str]:
    path, colon, name = spec.rpartition(":")
    file = Path(path).expanduser()
    if not colon or not name or file.suffix != ".py":
        raise CrozeError(f"--model takes FILE.py:FUNCTION, got {spec!r}.")
    if not file.is_file():
        raise CrozeError(f"--model names {file}, which is not a file.")
    return file, name


def _run(file: Path, seed: int) -> ModuleType:
    with seeded(seed):
        # a name of its own: it replaces no module, and nothing has to find it in another process
        return run_file(file, f"croze_user_{file.stem}")
