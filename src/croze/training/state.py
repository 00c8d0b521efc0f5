"""Where a training stands, in one file that appears whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import SGD

from croze.errors import CrozeError

_MOMENTUM = "momentum_buffer."
_MODEL = "model."
_KEY = "croze"


@dataclass
class Place:
    """What is not a tensor.

    Attributes:
        epoch, step: the next step to take; `step` counts within the epoch.
        sums: of the epoch so far: loss, correct answers, images.
        history: a row for each finished epoch.
        best: number and figure of the best epoch so far.
        seconds: time spent in training.
    """

    epoch: int = 0
    step: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0


def save_weights(path: Path, model: nn.Module, note: Mapping[str, Any]) -> None:
    """The weights and buffers of a model as safetensors, with `note` as JSON in the file's header.

    Raises:
        CrozeError: when the file cannot be written.
    """
    _write(path, model.state_dict(), note)


def load_weights(path: Path, model: nn.Module, what: str) -> dict[str, Any]:
    """Put the weights of a file into a model, and return the note.

    Args:
        what: the network they have to fit, for the message.

    Raises:
        CrozeError: when the file is missing, cut off, of another architecture, or holds values that are not
            finite.
    """
    tensors, note = _read(path)
    _into(model, tensors, path, what)
    return note


def save_state(path: Path, model: nn.Module, optimiser: SGD, place: Place) -> None:
    """Everything that going on needs.

    Raises:
        CrozeError: when the file cannot be written.
    """
    tensors = {f"{_MODEL}{name}": tensor for name, tensor in model.state_dict().items()}
    for name, parameter in model.named_parameters():
        momentum = optimiser.state[parameter].get("momentum_buffer") if parameter in optimiser.state else None
        if momentum is not None:
            tensors[f"{_MOMENTUM}{name}"] = momentum
    _write(path, tensors, asdict(place))


def load_state(path: Path, model: nn.Module, optimiser: SGD, what: str) -> Place:
    """Go on where `save_state` was called; the model and the optimiser are changed.

    Raises:
        CrozeError: as `load_weights`.
    """
    tensors, note = _read(path)
    own = {name.removeprefix(_MODEL): t for name, t in tensors.items() if name.startswith(_MODEL)}
    _into(model, own, path, what)
    for name, parameter in model.named_parameters():
        momentum = tensors.get(f"{_MOMENTUM}{name}")
        if momentum is not None:
            optimiser.state[parameter]["momentum_buffer"] = momentum.to(parameter.device)
    return Place(**note)


def _write(path: Path, tensors: Mapping[str, Tensor], note: Mapping[str, Any]) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    plain = {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            save_file(plain, temporary, metadata={_KEY: json.dumps(note)})
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except (OSError, SafetensorError) as problem:
        raise CrozeError(f"Cannot write {path}: {problem}.") from problem


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            note = json.loads((file.metadata() or {}).get(_KEY, "{}"))
    except FileNotFoundError:
        raise CrozeError(f"There is no file {path}: name the folder of a training.") from None
    except (OSError, SafetensorError, ValueError) as problem:
        raise CrozeError(
            f"{path} cannot be read as safetensors ({problem}): it may be cut off; bring a whole copy."
        ) from problem
    return tensors, note


def _into(model: nn.Module, tensors: Mapping[str, Tensor], path: Path, what: str) -> None:
    expected = model.state_dict()
    missing = [name for name in expected if name not in tensors]
    left = [name for name in tensors if name not in expected]
    other = [n for n in expected if n in tensors and tensors[n].shape != expected[n].shape]
    if missing or left or other:
        first = (
            f"has no {missing[0]}"
            if missing
            else f"has {left[0]} besides"
            if left
            else f"has {other[0]} of shape {tuple(tensors[other[0]].shape)} instead of "
            f"{tuple(expected[other[0]].shape)}"
        )
        raise CrozeError(f"{path} is of another architecture than {what}: it {first}.")
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise CrozeError(
                f"{path} holds values that are not finite ({name}): its training diverged, or it is damaged."
            )
    model.load_state_dict(dict(tensors))
