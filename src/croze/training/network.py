"""The network that is trained and evaluated, as a value from which it can be built again."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any, TypedDict

import torch
from torch import nn

from croze.errors import CrozeError
from croze.files import shaped
from croze.nn.seeding import seeded
from croze.searching.run import SearchRun
from croze.spaces import Space, hashable, open_space, space_to_json
from croze.spaces.darts.stacked import StackedSpace
from croze.spaces.genotypes import parse_or_suggest, resolve
from croze.user_code import call, digest_of, run_file


class NetworkSpec(ABC):
    """What network a training is of: an architecture of a space, a function in a user's file, or a module.

    Specs are equal when they build equal networks from equal seeds.
    """

    @property
    @abstractmethod
    def title(self) -> str:
        """For tables and messages."""

    @abstractmethod
    def build(self, classes: int, seed: int) -> nn.Module:
        """The network with fresh weights drawn from the seed: *normalised* images to logits.

        Raises:
            CrozeError: when it cannot be built.
        """

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """JSON-ready; `from_json` gives an equal spec back."""

    @staticmethod
    def from_json(content: Mapping[str, Any], source: object = "This") -> NetworkSpec:
        """The spec that `to_json` described.

        Args:
            content: out of JSON.
            source: the file that it stands in, for the message.

        Raises:
            CrozeError: when this is no such description.
        """
        try:
            if "module" in content:
                known = shaped(content, _Module)
                return ModuleNetwork(known["module"], known["digest"])
            if "model" in content:
                known = shaped(content, _File)
                _named_as_file(known["model"])
                return FileNetwork(known["model"], known["digest"])
            known = shaped(content, _Space)
            settings = tuple((key, hashable(value)) for key, value in known["settings"].items())
            return SpaceNetwork(known["space"], settings, known["architecture"])
        except CrozeError as problem:
            raise CrozeError(
                f"{source} describes no network ({str(problem).rstrip('.')}): name the network anew."
            ) from None

    @staticmethod
    def of(
        network: NetworkSpec | SearchRun | nn.Module | str | Path, space: str | Space[Any] | None = None
    ) -> NetworkSpec:
        """What `croze.train` is given, as a spec.

        Args:
            network: a spec, a module, a search or its folder, `FILE.py:FUNCTION`, or an architecture.
            space: of an architecture; a name, `FILE.py:CLASS` or a space.

        Raises:
            CrozeError: as the constructors.
        """
        if isinstance(network, NetworkSpec):
            return network
        if isinstance(network, nn.Module):
            return ModuleNetwork(type(network).__name__, digest_of_weights(network), network)
        if isinstance(network, SearchRun | Path) or Path(network).is_dir():
            return NetworkSpec.from_run(network)
        if network.rpartition(":")[0].endswith(".py"):
            return NetworkSpec.from_file(network)
        return NetworkSpec.from_space(network, space)

    @staticmethod
    def from_space(architecture: str, space: str | Space[Any] | None = None, **settings: Any) -> SpaceNetwork:
        """An architecture of a space, or a published one by its name.

        Args:
            architecture: in the notation of the space, or a name of `croze list genotypes`.
            space: as `open_space`, or a space; by default that of the name, or nasbench201.
            settings: of the space; those that are None stay at its defaults.

        Raises:
            CrozeError: for an unknown space, setting, name or architecture.
        """
        if space is not None and not isinstance(space, str):
            described = space_to_json(space)
            space = str(described.get("spec", described["name"]))
            settings = {**(described["settings"] or {}), **settings}
        space, text = resolve(architecture, space)
        given = {key: value for key, value in settings.items() if value is not None}
        opened = open_space(space, **given)
        return SpaceNetwork(space, tuple(sorted(given.items())), str(parse_or_suggest(opened, text)))

    @staticmethod
    def from_run(run: SearchRun | str | Path, space: str | None = None, **settings: Any) -> SpaceNetwork:
        """The winner of a search, in the space it was found in.

        Args:
            run: the search, or its folder.
            space: `FILE.py:CLASS` of a user's space, where it lies elsewhere by now.
            settings: replace those that the search built its candidates with, such as more `layers`.

        Raises:
            CrozeError: when there is no finished search, it has no winner, or its space is a user's that
                cannot be found.
        """
        if not isinstance(run, SearchRun):
            run = SearchRun.load(run)
        if run.status == "unfinished":
            raise CrozeError(f"The search in {run.folder} has not finished: run it to its end first.")
        if run.best is None:
            raise CrozeError(f"The search in {run.folder} found no architecture to take.")
        described = run.described
        if space is None:
            space = described.get("spec", described["name"])
            if space is None:
                raise CrozeError(
                    f"{run.folder} is of the space {described['name']}, one of your own: name it as `space`."
                )
        given = {key: value for key, value in settings.items() if value is not None}
        own = described["settings"] or {}
        return NetworkSpec.from_space(run.best.architecture, space, **{**own, **given})

    @staticmethod
    def from_file(spec: str) -> FileNetwork:
        """A network of the user's own, named as `FILE.py:FUNCTION`; the file is run once.

        Raises:
            CrozeError: as `load_model`.
        """
        file, name = _named(spec)
        return FileNetwork(f"{file.resolve()}:{name}", digest_of(_run(file, 0)))


@dataclass(frozen=True)
class SpaceNetwork(NetworkSpec):
    """An architecture and its space.

    Attributes:
        space: as `open_space` takes it.
        settings: what differs from the space's own settings, as pairs, such as `("channels", 16)`.
        architecture: in the notation of the space.
    """

    space: str
    settings: tuple[tuple[str, Any], ...]
    architecture: str

    @property
    def title(self) -> str:
        """The architecture, its space and the settings."""
        settings = "".join(f", {key} {value}" for key, value in self.settings)
        return f"{self.architecture} ({self.space}{settings})"

    def open(self) -> Space[Any]:
        """The space with these settings; raises CrozeError as `open_space`."""
        return open_space(self.space, **dict(self.settings))

    def build(self, classes: int, seed: int) -> nn.Module:
        """The network in the space's usual flavour; CrozeError as `open_space` and `parse`."""
        opened = self.open()
        return opened.build(
            opened.parse(self.architecture), classes=classes, seed=seed, flavour=opened.flavours[0]
        )

    def for_training(self, size: tuple[int, ...]) -> SpaceNetwork:
        """The same with an auxiliary head, where the space has one for images of this size `(C, H, W)`.

        Evaluation does without it, but it is part of the weights.
        """
        opened = self.open()
        if not isinstance(opened, StackedSpace) or opened.auxiliary:
            return self
        fits = size[1:] == ((32, 32) if opened.network == "cifar" else (224, 224))
        if not fits:
            return self
        return replace(self, settings=tuple(sorted({**dict(self.settings), "auxiliary": True}.items())))

    def to_json(self) -> dict[str, Any]:
        """Space, settings and architecture."""
        return {"space": self.space, "settings": dict(self.settings), "architecture": self.architecture}


@dataclass(frozen=True)
class FileNetwork(NetworkSpec):
    """A network of the user's own.

    Attributes:
        model: `path/to/file.py:name`, the path being absolute.
        digest: SHA-256 over the file and what it imports from its folder, as `digest_of`.
    """

    model: str
    digest: str

    @property
    def title(self) -> str:
        """File and name."""
        file, name = _named_as_file(self.model)
        return f"{file.name}:{name}"

    def build(self, classes: int, seed: int) -> nn.Module:
        """What the function returns, or the module itself; `classes` are up to the user's code.

        CrozeError as `load_model`, or when the file is another one than it was.
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


@dataclass(frozen=True)
class ModuleNetwork(NetworkSpec):
    """A module that a Python user has at hand; it is copied, never changed.

    Attributes:
        name: of its class.
        digest: of its weights and layers, as `digest_of_weights`.
        module: the module; None where the spec was read from a file.
    """

    name: str
    digest: str
    module: nn.Module | None = field(default=None, compare=False, repr=False)

    @property
    def title(self) -> str:
        """The name of its class."""
        return self.name

    def build(self, classes: int, seed: int) -> nn.Module:
        """A copy of the module as it is; CrozeError when the spec was read from a file."""
        if self.module is None:
            raise CrozeError(
                f"The network was a module in memory ({self.name}), which no file holds: name it as "
                "FILE.py:FUNCTION where it has to be built again."
            )
        return deepcopy(self.module)

    def to_json(self) -> dict[str, Any]:
        """Class and digest."""
        return {"module": self.name, "digest": self.digest}


def digest_of_weights(model: nn.Module) -> str:
    """SHA-256 over names, shapes and values of all parameters and buffers, and over the layers."""
    total = hashlib.sha256(repr(model).encode())
    for name, tensor in sorted(model.state_dict().items()):
        total.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        total.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return total.hexdigest()


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


class _Module(TypedDict):
    module: str
    digest: str


class _File(TypedDict):
    model: str
    digest: str


class _Space(TypedDict):
    space: str
    settings: dict[str, Any]
    architecture: str


def _named_as_file(spec: str) -> tuple[Path, str]:
    path, colon, name = spec.rpartition(":")
    file = Path(path).expanduser()
    if not colon or not name or file.suffix != ".py":
        raise CrozeError(f"A network of your own is named as FILE.py:FUNCTION, got {spec!r}.")
    return file, name


def _named(spec: str) -> tuple[Path, str]:
    file, name = _named_as_file(spec)
    if not file.is_file():
        raise CrozeError(f"The network {spec!r} is in {file}, which is not a file.")
    return file, name


def _run(file: Path, seed: int) -> ModuleType:
    with seeded(seed):
        # a name of its own: it replaces no module, and nothing has to find it in another process
        return run_file(file, f"croze_user_{file.stem}")
