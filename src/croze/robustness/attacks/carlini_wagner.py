"""`cw` and `cw-l2`: the attacks of Carlini & Wagner."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from croze.errors import CrozeError
from croze.nn.forward import correct_of
from croze.perturb import inputs
from croze.perturb.base import sizes
from croze.robustness.attacks.base import Attack, MinimalNorm
from croze.robustness.attacks.pgd import descend
from croze.robustness.attacks.target import Adam, Task, margin


@dataclass(frozen=True)
class CarliniWagner(Attack):
    """Projected gradient descent on the margin loss, as papers on adversarial training report it.

    Attributes:
        steps: gradient steps.
        confidence: how far the other logit has to lead before an image is left alone.
        relative_step: step size in units of epsilon.
        restarts: from new random points of the ball.

    Raises:
        CrozeError: for an argument out of range.
    """

    steps: int = 30
    confidence: float = 0.0
    relative_step: float = 0.1
    restarts: int = 1

    name = "cw"
    summary = "projected gradient descent on the margin between logits"
    source = "Carlini & Wagner 2017, section V; in l-inf by PGD: Wang et al. 2020, section 4"
    norms = ("linf",)

    def __post_init__(self) -> None:
        self._at_least(1, "steps", "restarts")
        self._at_least(0, "confidence")
        self._positive("relative_step")

    def _perturb(self, task: Task) -> Tensor:
        def loss(logits: Tensor, labels: Tensor) -> Tensor:
            # the clamp's gradient is 0 at its bound; with confidence 0 the image is fooled there
            return margin(logits, labels).clamp_max(self.confidence)

        return descend(task, inputs.PGD(self.steps, self.relative_step), loss, self.restarts)


@dataclass(frozen=True)
class CarliniWagnerL2(MinimalNorm):
    """The closest adversarial image by `||x' - x||^2 + c * max(z_y - max z_i + confidence, 0)`.

    x' = (tanh(w) + 1) / 2 keeps to the pixel range, Adam goes down in w, and c is found by bisection for
    every image. One that has an adversarial one within epsilon is left alone.

    Attributes:
        steps: of Adam, for each c; an image whose loss no longer falls stops earlier.
        searches: how many c are tried.
        lr: step size of Adam.
        initial_c: the first c.
        confidence: by how much the other logit has to lead.

    Raises:
        CrozeError: for an argument out of range.
    """

    steps: int = 1000
    searches: int = 9
    lr: float = 0.01
    initial_c: float = 0.001
    confidence: float = 0.0

    name = "cw-l2"
    summary = "the closest adversarial image, by optimisation"
    source = "Carlini & Wagner 2017, section VI.A"
    norms = ("l2",)

    def __post_init__(self) -> None:
        self._at_least(1, "steps", "searches")
        self._at_least(0, "confidence")
        self._positive("lr", "initial_c")

    def _closest(self, task: Task, enough: float) -> Tensor:
        count = len(task.images)
        found = _Closest(task, self.confidence)
        low, high = torch.zeros(count).to(task.images), torch.full((count,), torch.inf).to(task.images)
        c = torch.full_like(low, self.initial_c)
        for _ in range(self.searches):
            rows = torch.nonzero(found.distances > enough)[:, 0]
            if not len(rows):
                break
            succeeded = self._search(task, rows, c[rows], found, enough)
            high[rows] = torch.where(succeeded, c[rows], high[rows])
            low[rows] = torch.where(succeeded, low[rows], c[rows])
            c = torch.where(high.isinf(), c * 10, (low + high) / 2)
        return found.images

    def _search(self, task: Task, rows: Tensor, c: Tensor, found: _Closest, enough: float) -> Tensor:
        """One c for each of the rows; returns where it led to an adversarial image."""
        succeeded = torch.zeros(len(rows), dtype=torch.bool, device=rows.device)
        active = torch.arange(len(rows), device=rows.device)
        part = task.part(rows)
        # 1 - 1e-6 so that black and white have a finite w
        w = torch.atanh((2 * part.images - 1) * (1 - 1e-6))
        adam = Adam(w, self.lr)
        lowest, last = torch.full_like(c, torch.inf), torch.full_like(c, torch.inf)
        patience = max(1, self.steps // 10)
        for step in range(self.steps):
            images, labels = part.images[active], part.labels[active]
            w = w.detach().requires_grad_()
            x = (torch.tanh(w) + 1) / 2
            logits = part.target(x)
            if not logits.requires_grad:
                raise CrozeError("The model's logits cannot be differentiated; use square or spsa.")
            lag = (self.confidence - margin(logits, labels)).clamp_min(0)
            loss = (x - images).square().flatten(1).sum(1) + c[active] * lag
            gradient = part.target.backward(loss.sum(), w)
            succeeded[active] |= found.offer(rows[active], x.detach(), logits.detach())
            w = w.detach() - adam.step(gradient)
            keep = found.distances[rows[active]] > enough
            lowest[active] = torch.minimum(lowest[active], loss.detach())
            if step % patience == patience - 1:
                keep &= lowest[active] < 0.9999 * last[active]
                last[active] = lowest[active]
            if not keep.all():
                active, w = active[keep], w[keep]
                adam.keep(keep)
                if not len(active):
                    break
        return succeeded


class _Closest:
    """The closest adversarial image so far; its distance is infinite where there is none."""

    def __init__(self, task: Task, confidence: float) -> None:
        self.images = task.images.clone()
        self.distances = torch.full((len(task.images),), torch.inf).to(task.images)
        self._task, self._confidence = task, confidence

    def offer(self, rows: Tensor, candidates: Tensor, logits: Tensor) -> Tensor:
        """Returns which of the candidates are adversarial."""
        labels = self._task.labels[rows]
        fooled = ~correct_of(logits, labels) & ~(margin(logits, labels) < self._confidence)
        distances = sizes(candidates - self._task.images[rows], "l2")
        closer = fooled & (distances < self.distances[rows])
        self.images[rows[closer]] = candidates[closer]
        self.distances[rows[closer]] = distances[closer]
        return fooled
