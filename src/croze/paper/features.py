"""How much a trained network's features move under 18 inputs: what Figures 4 and 6 of the paper show.

Clean, FGSM, PGD and the 15 corruptions (section 4.4); features are e_psi(x) of Eq. 2. The paper states
neither epsilon, steps nor severity: here l-inf 8/255, 20 steps of a quarter of that, and severity 3.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from croze.corruptions import CORRUPTIONS, Corruption, corrupt
from croze.data import Dataset, open_dataset
from croze.data.cached import cached
from croze.data.sampling import spread
from croze.data.splits import in_split
from croze.errors import CrozeError
from croze.files import to_json, write_text
from croze.nn.encoder import encodings
from croze.nn.scratch import evaluating
from croze.nn.seeding import exact_convolutions
from croze.perturb import Perturbation
from croze.perturb.base import Ball
from croze.perturb.inputs import FGSM, PGD
from croze.pool import Member, Pool
from croze.pool.images import held_out
from croze.robustness.evaluate import check_model
from croze.training.network import digest_of_weights
from croze.training.run import TrainingRun, identity
from croze.training.step import input_gradient

CLEAN = "clean"
ATTACKS: Mapping[str, Perturbation] = {"fgsm": FGSM(), "pgd": PGD(20)}
INPUTS = (CLEAN, *ATTACKS, *CORRUPTIONS)
"""The 18 inputs, in order."""


@dataclass(frozen=True)
class Settings:
    """What the paper leaves open: epsilon is l-inf in pixel space, the seed that of PGD and corruptions."""

    epsilon: float = 8 / 255
    severity: int = 3
    seed: int = 0
    batch_size: int = 100


@dataclass(frozen=True)
class FeatureConsistency:
    """How features differ between the 18 inputs, as means over images.

    The standard deviation over the inputs is a mean over dimensions (Figure 4), `relative` its share of the
    features' root mean square, `errors` the standard errors of these two. By input but clean: `|e(x) - e(x')|
    / |e(x)|` (the left side of Eq. 2, made relative), and the cosine between e(x) and e(x') (Figure 6).
    """

    deviation: float
    relative: float
    errors: Mapping[str, float]
    distance: Mapping[str, float]
    cosine: Mapping[str, float]
    images: int
    settings: Settings = field(default_factory=Settings)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "deviation": self.deviation,
            "relative_deviation": self.relative,
            "standard_errors": dict(self.errors),
            "relative_distance": dict(self.distance),
            "cosine": dict(self.cosine),
            "images": self.images,
            "settings": vars(self.settings),
        }


def feature_consistency(
    model: nn.Module,
    dataset: Dataset,
    settings: Settings | None = None,
    watch: Callable[[int], None] = lambda done: None,
) -> FeatureConsistency:
    """Features of a trained network that takes pixels, under the 18 inputs.

    Raises:
        CrozeError: when the model does not fit the images, is not finite, or its features are constantly 0.
    """
    settings = settings or Settings()
    check_model(model, dataset)
    deviations, relatives = [], []
    distances: dict[str, list[Tensor]] = {name: [] for name in INPUTS[1:]}
    cosines: dict[str, list[Tensor]] = {name: [] for name in INPUTS[1:]}
    with evaluating(model), exact_convolutions():
        for first in range(0, len(dataset), settings.batch_size):
            rows = np.arange(first, min(first + settings.batch_size, len(dataset)))
            images = torch.from_numpy(dataset.read(rows)).to(torch.float32) / 255
            labels = torch.from_numpy(dataset.labels[rows])
            features = {
                name: _features(model, x).double()
                for name, x in _inputs(model, images, labels, settings, first)
            }
            stacked = torch.stack(list(features.values()))
            variance = stacked.var(dim=0, correction=0)
            square = stacked.square().mean(dim=(0, 2))
            deviations.append(variance.sqrt().mean(1))
            relatives.append((variance.mean(1) / square).sqrt())
            clean = features[CLEAN]
            for name in INPUTS[1:]:
                distances[name].append((features[name] - clean).norm(dim=1) / clean.norm(dim=1))
                cosines[name].append(torch.cosine_similarity(features[name], clean, dim=1))
            watch(int(rows[-1]) + 1)
    relative = torch.cat(relatives)
    if not bool(relative.isfinite().all()):
        raise CrozeError(
            "The features of some images are 0 throughout: their relative deviation is undefined."
        )
    deviation = torch.cat(deviations)
    return FeatureConsistency(
        float(deviation.mean()),
        float(relative.mean()),
        {"deviation": _error(deviation), "relative": _error(relative)},
        {name: float(torch.cat(parts).mean()) for name, parts in distances.items()},
        {name: float(torch.cat(parts).mean()) for name, parts in cosines.items()},
        len(dataset),
        settings,
    )


def _inputs(
    model: nn.Module, images: Tensor, labels: Tensor, settings: Settings, first: int
) -> Iterator[tuple[str, Tensor]]:
    """The 18 inputs by name, in order; every image is perturbed, also where the model errs already."""
    yield CLEAN, images

    def loss(x: Tensor) -> Tensor:
        return cross_entropy(model(x), labels, reduction="sum")

    ball = Ball(settings.epsilon, 0.0, 1.0)
    for name, perturb in ATTACKS.items():
        generator = torch.Generator().manual_seed((settings.seed + first) % 2**63)
        yield name, perturb(images, input_gradient(loss), ball, generator)
    for name in CORRUPTIONS:
        corruption = Corruption(name, settings.severity)
        yield name, corrupt(images, corruption.name, corruption.severity, seed=settings.seed, first=first)


def _features(model: nn.Module, images: Tensor) -> Tensor:
    with torch.no_grad(), encodings(model) as found:
        model(images)
    return found[0]


def _error(values: Tensor) -> float:
    return float(values.std(correction=0)) / math.sqrt(len(values))


def member_features(
    member: Member,
    dataset: Dataset,
    settings: Settings,
    watch: Callable[[int], None] = lambda done: None,
) -> FeatureConsistency:
    """As `feature_consistency` of a pool member's model; kept for the same weights, images and settings."""
    model = TrainingRun.load(member.folder).model()
    key = json.dumps([digest_of_weights(model), identity(dataset), vars(settings)], sort_keys=True)
    path = member.folder / f"features-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
    with suppress(OSError, ValueError, TypeError):  # a broken file is made anew
        content = json.loads(path.read_text(encoding="utf-8"))
        return FeatureConsistency(**{**content, "settings": settings})
    found = feature_consistency(model, dataset, settings, watch)
    write_text(path, to_json({**vars(found), "settings": vars(settings)}))
    return found


def test_images(pool: Pool, test_data: str | None, count: int) -> Dataset:
    """The first images that the pool was tested on, or of others; CrozeError when they have changed."""
    design = pool.design
    if test_data is not None:
        tests = open_dataset(in_split(test_data))
        return cached(tests, spread(tests, min(count, len(tests)), design.seed))
    if design.test_data:
        tests = open_dataset(in_split(design.test_data))
    else:
        tests = held_out(open_dataset(design.data), design.seed)
    total = pool.members[0].result.images["clean"]
    whole = cached(tests, spread(tests, min(total, len(tests)), design.seed))
    if identity(whole) != design.tested:
        raise CrozeError(
            f"{design.test_data or design.data} is not what the pool in {pool.folder} was tested on: name "
            "its test images."
        )
    return cached(whole, np.arange(min(count, len(whole))))
