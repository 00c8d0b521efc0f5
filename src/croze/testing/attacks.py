"""The contract of an attack, as checks to run on one's own: each raises AssertionError with what broke."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from croze.nn.forward import logits_of
from croze.nn.scratch import evaluating
from croze.perturb.base import sizes
from croze.robustness.attacks import Adversarial, Attack
from croze.robustness.attacks.base import TOLERANCE
from croze.testing.proxies import check_same, state_of

EPSILONS: Mapping[str, float] = {"linf": 8 / 255, "l2": 0.5}
"""Usual sizes for images of 32 x 32, in pixel space."""


def check_attack(
    attack: Attack,
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    epsilons: Mapping[str, float] = EPSILONS,
    slack: float = 0.1,
) -> dict[str, Adversarial]:
    """The whole contract in every norm of the attack; returns what it found, by norm.

    Results lie in the ball and in [0, 1], are judged as the model judges them and repeat to the bit; the
    model and all random states stay as they were; what the model gets wrong comes back as it is; a larger
    ball is no better for the defender; one image alone and float64 work.

    Args:
        attack: prepared, where it needs training.
        model: a trained classifier on pixels, in float32, with an accuracy above 0 on the images.
        images: float32 `(N, C, H, W)` in [0, 1].
        labels: int64 `(N,)`.
        epsilons: by norm.
        slack: how much more accuracy a larger ball may leave by chance, as a share of the images.
    """
    found = {}
    for norm in attack.norms:
        epsilon = epsilons[norm]
        first = attack(model, images, labels, epsilon=epsilon, norm=norm, seed=1)
        check_result(first, model, images, labels, epsilon, norm)
        check_leaves_untouched(attack, model, images, labels, epsilon, norm, first)
        check_misclassified(attack, model, images, labels, epsilon, norm)
        larger = attack(model, images, labels, epsilon=1.5 * epsilon, norm=norm, seed=1)
        assert larger.accuracy <= first.accuracy + slack, f"{attack.spec} is weaker in a larger ball"
        right = int(first.clean_correct.nonzero()[0, 0])
        one = slice(right, right + 1)
        alone = attack(model, images[one], labels[one], epsilon=epsilon, norm=norm)
        check_result(alone, model, images[one], labels[one], epsilon, norm)
        double = copy.deepcopy(model).double()
        precise = attack(double, images[:4].double(), labels[:4], epsilon=epsilon, norm=norm)
        assert precise.images.dtype == torch.float64
        check_result(precise, double, images[:4].double(), labels[:4], epsilon, norm)
        found[norm] = first
    return found


def check_result(
    found: Adversarial, model: nn.Module, images: Tensor, labels: Tensor, epsilon: float, norm: str
) -> None:
    """Where the images lie, and what is said of them."""
    assert found.images.shape == images.shape
    assert found.images.min() >= 0, "pixels below 0"
    assert found.images.max() <= 1, "pixels above 1"
    measured = sizes(found.images.double() - images.double(), norm)
    assert measured.max() <= epsilon + TOLERANCE * max(1.0, epsilon), "outside the ball"
    assert torch.allclose(found.distances.double(), measured, atol=1e-5), "distances are others"
    with torch.no_grad(), evaluating(model):
        before, after = (logits_of(model(x)).argmax(1) == labels for x in (images, found.images))
    assert torch.equal(found.clean_correct, before)
    assert torch.equal(found.correct, before & after)
    assert torch.equal(found.images[~before], images[~before]), "an image that was wrong already has moved"
    assert found.accuracy <= before.double().mean().item()
    assert found.forwards >= len(images)


def check_misclassified(
    attack: Attack, model: nn.Module, images: Tensor, labels: Tensor, epsilon: float, norm: str
) -> None:
    """What the model gets wrong is returned as it is and costs the clean pass and the last one only."""
    with torch.no_grad(), evaluating(model):
        wrong = logits_of(model(images)).argmin(1)
    found = attack(model, images, wrong, epsilon=epsilon, norm=norm)
    assert torch.equal(found.images, images)
    assert (found.forwards, found.backwards) == (2 * len(images), 0)
    half = torch.where(torch.arange(len(labels), device=labels.device) % 2 == 0, wrong, labels)
    check_result(attack(model, images, half, epsilon=epsilon, norm=norm), model, images, half, epsilon, norm)


def check_leaves_untouched(
    attack: Attack,
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    epsilon: float,
    norm: str,
    expected: Adversarial,
) -> None:
    """Weights, buffers, gradients, requires_grad, modes, images and random state stay; the result repeats."""
    model = copy.deepcopy(model)
    for index, parameter in enumerate(model.parameters()):
        parameter.requires_grad_(index % 3 != 0)
        parameter.grad = torch.full_like(parameter, float(index)) if index % 2 else None
    for index, module in enumerate(model.modules()):
        module.training = index % 2 == 0
    before, kept, random_state = state_of(model), (images.clone(), labels.clone()), torch.get_rng_state()
    with torch.no_grad():
        again = attack(model, images, labels, epsilon=epsilon, norm=norm, seed=1)
    assert torch.equal(random_state, torch.get_rng_state()), f"{attack.spec} moves the global random state"
    assert torch.equal(images, kept[0]), f"{attack.spec} changes the images"
    assert torch.equal(labels, kept[1]), f"{attack.spec} changes the labels"
    check_same(before, state_of(model), attack.spec)
    assert torch.equal(again.images, expected.images), f"{attack.spec} finds other images the second time"
