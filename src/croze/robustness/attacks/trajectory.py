"""Weights along a trajectory of SGD at a high constant learning rate (Gubri et al. 2022, section 3)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from croze.errors import CrozeError
from croze.nn.forward import logits_of
from croze.nn.scratch import scratch
from croze.nn.seeding import exact_convolutions, seeded
from croze.nn.tensor_file import read_tensors, write_tensors
from croze.robustness.attacks.base import TrainingBatches

Weights = Mapping[str, Tensor]
"""Parameters and buffers by name, each once."""

_STATE = "state.safetensors"
_MOMENTUM = "momentum/"
_WHERE = "the folder that weights were collected in"


class Trajectory(Sequence[Weights]):
    """Collected weights, in memory or in files that are read one at a time.

    Args:
        weights: the weights themselves, or the safetensors files that hold them; at least one.

    Raises:
        CrozeError: when there are none.
    """

    def __init__(self, weights: Sequence[Weights | Path]) -> None:
        if not weights:
            raise CrozeError("A trajectory needs weights, got none: collect some first.")
        self._weights = list(weights)

    def __len__(self) -> int:
        return len(self._weights)

    def __getitem__(self, index: int) -> Weights:  # type: ignore[override]
        """The weights at this place, on the CPU where they come from a file; CrozeError when it is broken."""
        found = self._weights[index]
        return read_tensors(found, _WHERE)[0] if isinstance(found, Path) else found

    def save(self, folder: Path) -> None:
        """Write a file for each set of weights."""
        folder.mkdir(parents=True, exist_ok=True)
        for index in range(len(self)):
            write_tensors(_weights_file(folder, index), self[index])

    @classmethod
    def load(cls, folder: Path) -> Trajectory:
        """What `save` or `collect_weights` wrote.

        Raises:
            CrozeError: when the folder holds no weights.
        """
        files = sorted(folder.glob("weights-*.safetensors"))
        if not files:
            raise CrozeError(f"No collected weights in {folder}: name the folder they were saved to.")
        return cls(files)

    def check_fits(self, model: nn.Module) -> None:
        """Raise CrozeError when the weights belong to another architecture."""
        wanted = {name: tuple(value.shape) for name, value in _weights(model).items()}
        found = {name: tuple(value.shape) for name, value in self[0].items()}
        if wanted != found:
            wrong = sorted(set(wanted.items()) ^ set(found.items()))[0][0]
            raise CrozeError(
                f"The collected weights belong to another architecture, they differ from the model in "
                f"{wrong!r}: give the surrogate they were collected from, or collect them for this model."
            )


def collect_weights(
    model: nn.Module,
    batches: TrainingBatches,
    *,
    epochs: int = 10,
    per_epoch: int = 4,
    lr: float = 0.05,
    momentum: float = 0.9,
    weight_decay: float = 1e-4,
    seed: int = 0,
    folder: Path | None = None,
    on_epoch: Callable[[int], None] | None = None,
) -> Trajectory:
    """Go on training a copy of the model and keep its weights at even distances.

    Args:
        model: trained, takes pixels in [0, 1]; it is not changed.
        batches: training data, in pixels.
        epochs, per_epoch: how long, and how many weights of each epoch.
        lr, momentum, weight_decay: of SGD, constant.
        seed: of what is random in the model, such as dropout.
        folder: where weights and progress go after each epoch. What was interrupted there goes on, and ends
            with the same weights to the bit.
        on_epoch: told the number of epochs that are done.

    Raises:
        CrozeError: when the training diverges, an epoch has fewer steps than weights to keep, or the folder
            holds the progress of something else.
    """
    if batches.steps < per_epoch:
        raise CrozeError(
            f"An epoch of {batches.steps} steps cannot give {per_epoch} weights: lower per_epoch or "
            "the batch size."
        )
    student = scratch(model)
    settings = [epochs, per_epoch, lr, momentum, weight_decay, seed, batches.steps]
    identity = _identity(_weights(student), settings)
    optimizer = torch.optim.SGD(student.parameters(), lr=lr, momentum=momentum, weight_decay=weight_decay)
    done = 0 if folder is None else _resume(folder, identity, student, optimizer)
    weights: list[Weights | Path] = []
    if folder is not None:
        weights += [_weights_file(folder, index) for index in range(done * per_epoch)]
    devices = tuple({parameter.device for parameter in student.parameters()})
    for epoch in range(done, epochs):
        epoch_seed = int.from_bytes(hashlib.sha256(f"lgv {seed} {epoch}".encode()).digest()[:7], "big")
        with torch.enable_grad(), seeded(epoch_seed, devices), exact_convolutions():
            kept = _train_epoch(student, optimizer, batches, epoch, per_epoch)
        if folder is None:
            weights += kept
        else:
            for state in kept:
                file = _weights_file(folder, len(weights))
                write_tensors(file, state)
                weights.append(file)
            _save_progress(folder, identity, epoch + 1, student, optimizer)
        if on_epoch is not None:
            on_epoch(epoch + 1)
    return Trajectory(weights)


def _train_epoch(
    student: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: TrainingBatches,
    epoch: int,
    per_epoch: int,
) -> list[Weights]:
    like = next(p for p in student.parameters() if p.is_floating_point())
    stops = {round((k + 1) * batches.steps / per_epoch) for k in range(per_epoch)}
    kept: list[Weights] = []
    for step in range(batches.steps):
        images, labels = batches(epoch, step)
        loss = functional.cross_entropy(logits_of(student(images.to(like))), labels.to(like.device))
        if not torch.isfinite(loss):
            raise CrozeError(f"Collecting weights for lgv diverged in epoch {epoch + 1}: lower lr.")
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if step + 1 in stops:
            kept.append({name: value.detach().clone() for name, value in _weights(student).items()})
    return kept


def _weights(model: nn.Module) -> dict[str, Tensor]:
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def _identity(weights: Weights, settings: list[float]) -> str:
    digest = hashlib.sha256(json.dumps(settings).encode())
    for name, value in weights.items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().view(-1).numpy().tobytes())
    return digest.hexdigest()


def _weights_file(folder: Path, index: int) -> Path:
    return folder / f"weights-{index:04}.safetensors"


def _save_progress(
    folder: Path, identity: str, done: int, student: nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    momentum = {
        _MOMENTUM + name: optimizer.state[parameter]["momentum_buffer"]
        for name, parameter in student.named_parameters()
        if optimizer.state[parameter].get("momentum_buffer") is not None
    }
    write_tensors(folder / _STATE, {**_weights(student), **momentum}, {"identity": identity, "epochs": done})


def _resume(folder: Path, identity: str, student: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Restores the progress in the folder; returns how many epochs are done."""
    path = folder / _STATE
    if not path.exists():
        return 0
    state, note = read_tensors(path, _WHERE)
    if note.get("identity") != identity:
        raise CrozeError(
            f"{folder} holds weights collected from another model or with other settings: "
            "name another folder."
        )
    with torch.no_grad():
        for name, value in _weights(student).items():
            value.copy_(state[name])
        for name, parameter in student.named_parameters():
            if _MOMENTUM + name in state:
                optimizer.state[parameter]["momentum_buffer"] = state[_MOMENTUM + name].to(parameter)
    return int(note["epochs"])
