"""Evaluates a trained model batch by batch; resumes after an interruption."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from croze.data import Dataset
from croze.errors import CrozeError
from croze.nn.seeding import exact_convolutions
from croze.robustness.outcomes import Outcomes
from croze.robustness.trials import Trial
from croze.training.loop import check_fits

Watch = Callable[[str, int, float], None]
"""Called after every batch with the trial, the number of its images done and its accuracy so far."""


@dataclass(frozen=True, eq=False)
class Result:
    """What came of one trial.

    Attributes:
        key: of the trial.
        correct: bool `(n,)`, for the first n images of the evaluation.
        forwards, backwards: images through the network, forward and backward.
        seconds: of computing, whenever that was.
    """

    key: str
    correct: NDArray[np.bool_]
    forwards: int
    backwards: int
    seconds: float

    @property
    def accuracy(self) -> float:
        """The share of images that are classified correctly."""
        return float(self.correct.mean())


def run_trials(
    model: nn.Module,
    dataset: Dataset,
    trials: Sequence[Trial],
    *,
    outcomes: Outcomes,
    seed: int = 0,
    batch_size: int = 100,
    limits: Mapping[str, int] | None = None,
    device: str = "cpu",
    watch: Watch | None = None,
) -> dict[str, Result]:
    """The results of all trials, by key, in order.

    Args:
        model: takes pixels, in evaluation mode.
        dataset: labelled images.
        trials: each once.
        outcomes: where batches are kept; one that is there is not computed again. Its context has to name the
            model, the images, the seed and the batch size.
        seed: of everything random.
        batch_size: images at once.
        limits: by key, the first so many images only.
        device: where to compute.
        watch: see `Watch`.

    Raises:
        CrozeError: when the model does not fit the images, its weights are not finite, or as the trials.
    """
    check_model(model, dataset)
    model = model.to(device)
    results = {}
    with exact_convolutions():
        for trial in trials:
            count = min((limits or {}).get(trial.key, len(dataset)), len(dataset))
            parts: list[Tensor] = []
            forwards = backwards = 0
            seconds = 0.0
            for first in range(0, count, batch_size):
                rows = np.arange(first, min(first + batch_size, count))
                known = outcomes.get(trial.key, first, len(rows))
                if known is None:
                    images = torch.from_numpy(dataset.read(rows)).to(device).to(torch.float32) / 255
                    labels = torch.from_numpy(dataset.labels[rows]).to(device)
                    start = time.perf_counter()
                    found = trial(model, images, labels, seed=seed, first=first)
                    spent = time.perf_counter() - start
                    known = found.correct, found.forwards, found.backwards, spent
                    outcomes.add(trial.key, first, *known)
                parts.append(known[0])
                forwards, backwards, seconds = (
                    forwards + known[1],
                    backwards + known[2],
                    seconds + known[3],
                )
                if watch is not None:
                    so_far = torch.cat(parts)
                    watch(trial.key, len(so_far), float(so_far.double().mean()))
            correct = torch.cat(parts).numpy()
            results[trial.key] = Result(trial.key, correct, forwards, backwards, seconds)
    return results


def check_model(model: nn.Module, dataset: Dataset) -> None:
    """Whether a trained model can be evaluated on these images.

    Raises:
        CrozeError: when weights are not finite, or there are not as many logits as classes.
    """
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise CrozeError(f"The model's weights are not finite ({name}): its training diverged.")
    check_fits(model, dataset)
