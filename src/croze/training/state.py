"""Where a training stands, in one file that appears whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypedDict

from torch import Tensor, nn
from torch.optim import SGD

from croze.errors import CrozeError
from croze.files import Count, Share, shaped
from croze.nn.tensor_file import read_tensors, write_tensors

_MOMENTUM = "momentum_buffer."
_MODEL = "model."
_AVERAGE = "average."
_WHERE = "the folder of a training"


class Epoch(TypedDict):
    """A row of the history."""

    epoch: Count
    loss: float
    train_clean: Share | None
    train_adversarial: Share | None
    validation_clean: Share
    validation_adversarial: Share | None
    lr: float


class Note(TypedDict):
    """What stands beside the tensors of a state: the fields of `Place`."""

    epoch: Count
    step: Count
    sums: dict[str, float]
    history: list[Epoch]
    best: dict[Literal["epoch", "value"], float]
    seconds: float


@dataclass
class Place:
    """What is not a tensor: the next epoch and step, sums of the epoch so far, a row for each finished epoch.

    `best` is the number of the best epoch so far, and the value that makes it the best.
    """

    epoch: int = 0
    step: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0


def save_weights(path: Path, model: nn.Module, note: Mapping[str, Any]) -> None:
    """The weights and buffers of a model as safetensors, with `note` as JSON in the file's header."""
    write_tensors(path, model.state_dict(), note)


def load_weights(path: Path, model: nn.Module, what: str) -> dict[str, Any]:
    """Put the weights of a file into a model, `what` in messages, and return the note.

    Raises:
        CrozeError: when the file is missing, cut off, of another architecture, or holds values that are not
            finite.
    """
    tensors, note = read_tensors(path, _WHERE)
    _into(model, tensors, path, what)
    return note


def save_state(
    path: Path, model: nn.Module, optimiser: SGD, place: Place, average: nn.Module | None = None
) -> None:
    """Everything that going on needs; `average` is that of the weights, where there is one."""
    tensors = {f"{_MODEL}{name}": tensor for name, tensor in model.state_dict().items()}
    for name, parameter in model.named_parameters():
        momentum = optimiser.state[parameter].get("momentum_buffer") if parameter in optimiser.state else None
        if momentum is not None:
            tensors[f"{_MOMENTUM}{name}"] = momentum
    if average is not None:
        tensors |= {f"{_AVERAGE}{name}": tensor for name, tensor in average.state_dict().items()}
    write_tensors(path, tensors, asdict(place))


def load_state(
    path: Path, model: nn.Module, optimiser: SGD, what: str, average: nn.Module | None = None
) -> Place:
    """Go on where `save_state` was called: changes model and optimiser; raises as `load_weights`."""
    tensors, note = read_tensors(path, _WHERE)
    own = {name.removeprefix(_MODEL): t for name, t in tensors.items() if name.startswith(_MODEL)}
    _into(model, own, path, what)
    if average is not None:
        own = {name.removeprefix(_AVERAGE): t for name, t in tensors.items() if name.startswith(_AVERAGE)}
        _into(average, own, path, what)
    for name, parameter in model.named_parameters():
        momentum = tensors.get(f"{_MOMENTUM}{name}")
        if momentum is not None:
            optimiser.state[parameter]["momentum_buffer"] = momentum.to(parameter.device)
    try:
        known: Note = shaped(note, Note)
        place = Place(**{name: known[name] for name in Note.__annotations__})  # type: ignore[literal-required]
    except CrozeError as problem:
        raise CrozeError(
            f"{path} is no state of a training ({problem}): delete {path.parent} to begin anew."
        ) from None
    return place


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
