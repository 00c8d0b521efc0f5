"""`lgv`: transfer from weights in a large geometric vicinity (Gubri et al. 2022, section 3)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar, Self

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from croze.errors import CrozeError
from croze.nn.forward import logits_of
from croze.nn.scratch import evaluating, scratch
from croze.nn.seeding import exact_convolutions, seeded
from croze.nn.tensor_file import read_tensors, write_tensors
from croze.robustness.attacks.base import Attack, TrainingBatches
from croze.robustness.attacks.target import Target, Task, cross_entropy

Weights = Mapping[str, Tensor]
"""Parameters and buffers by name, each once."""

MOMENTUM, WEIGHT_DECAY = 0.9, 1e-4

_STATE = "state.safetensors"
_MOMENTUM = "momentum/"
_WHERE = "the folder that weights were collected in"


def collect_weights(
    model: nn.Module,
    batches: TrainingBatches,
    *,
    epochs: int = 10,
    per_epoch: int = 4,
    lr: float = 0.05,
    seed: int = 0,
    folder: Path | None = None,
) -> list[Weights | Path]:
    """Go on training a copy of the model and keep its weights at even distances.

    Args:
        model: trained, takes pixels in [0, 1]; it is not changed.
        batches: training data, in pixels.
        epochs, per_epoch: how long, and how many weights of each epoch.
        lr: of SGD, constant; momentum and weight decay are `MOMENTUM` and `WEIGHT_DECAY`.
        seed: of what is random in the model, such as dropout.
        folder: where weights and progress go after each epoch. What was interrupted there goes on, and ends
            with the same weights to the bit.

    Returns:
        The weights, or the safetensors files of the folder that hold them.

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
    settings = [epochs, per_epoch, lr, MOMENTUM, WEIGHT_DECAY, seed, batches.steps]
    identity = _identity(_weights(student), settings)
    optimizer = torch.optim.SGD(student.parameters(), lr=lr, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
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
    return weights


def _train_epoch(
    student: nn.Module, optimizer: torch.optim.Optimizer, batches: TrainingBatches, epoch: int, per_epoch: int
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


@dataclass(frozen=True)
class LGV(Attack):
    """Iterated gradient steps, each on the next of many weights collected by SGD at a high constant rate.

    The model under attack is asked nothing: the last iterate is what transfers to it. `prepare` collects the
    weights.

    Attributes:
        steps: gradient steps.
        relative_step: step size in units of epsilon.
        epochs: of training along which weights are collected.
        per_epoch: weights collected in each.
        lr: learning rate of that training.

    Raises:
        CrozeError: for an argument out of range.
    """

    steps: int = 50
    relative_step: float = 0.1
    epochs: int = 10
    per_epoch: int = 4
    lr: float = 0.05

    name = "lgv"
    summary = "transfer from weights along a high-rate SGD trajectory"
    source = "Gubri et al. 2022, Algorithm 1"
    norms = ("linf", "l2")
    needs_training = True

    # not fields: an attack is known by its arguments, these are what it has learnt
    weights: ClassVar[Sequence[Weights | Path]] = ()
    surrogate: ClassVar[nn.Module | None] = None

    def __post_init__(self) -> None:
        self._at_least(1, "steps", "epochs", "per_epoch")
        self._positive("relative_step", "lr")

    def prepare(
        self, model: nn.Module, batches: TrainingBatches, *, seed: int = 0, folder: Path | None = None
    ) -> Self:
        """The attack with weights collected from those of `model`; raises as `collect_weights`."""
        weights = collect_weights(
            model, batches, epochs=self.epochs, per_epoch=self.per_epoch, lr=self.lr, seed=seed, folder=folder
        )
        attack = replace(self)
        object.__setattr__(attack, "weights", weights)
        object.__setattr__(attack, "surrogate", model)
        return attack

    def _perturb(self, task: Task) -> Tensor:
        if self.surrogate is None:
            raise CrozeError(
                f"Attack {self.name} needs weights from training data first: call prepare(model, batches)."
            )
        order: list[int] = []
        x = task.images
        with evaluating(self.surrogate):
            for _ in range(self.steps):
                order = order or torch.randperm(len(self.weights), generator=task.generator).tolist()
                found = self.weights[order.pop()]
                stored = read_tensors(found, _WHERE)[0] if isinstance(found, Path) else found
                weights = {
                    name: value.to(x) if value.is_floating_point() else value.to(x.device)
                    for name, value in stored.items()
                }
                call = partial(functional_call, self.surrogate, weights)
                surrogate = Target(self.surrogate, call, task.target.spent)
                gradient, _ = surrogate.gradient(x, lambda logits: cross_entropy(logits, task.labels))
                moved = task.ball.step(x, gradient, self.relative_step * task.ball.epsilon)
                x = task.ball.project(moved, task.images)
        return x
