"""Two networks trained by the recipes, then all that an evaluation has, on real images."""

import numpy as np
import pytest
from torch import nn

from croze.corruptions import CORRUPTIONS, SEVERITIES
from croze.data import open_dataset
from croze.data.cached import cached
from croze.data.sampling import spread
from croze.nn.seeding import seeded
from croze.robustness.evaluate import Outcomes, evaluate_conditions
from croze.robustness.plan import plan_evaluation
from croze.robustness.summary import summarise
from croze.training import find_recipe, fit, split

pytestmark = pytest.mark.slow

EPSILON = "0.1"
PLAN = plan_evaluation("fgsm,pgd,autoattack(steps=20,targets=3,queries=100)", EPSILON, "none", [], "all")
CHANGES = {
    "epsilon": EPSILON, "epochs": "6", "steps": "4", "validation_images": "100", "lr": "0.05",
    "augment": "no",
}  # fmt: skip


@pytest.fixture(scope="module")
def summaries(tmp_path_factory):
    """By recipe, on 60 images that neither was trained on."""
    pytest.importorskip("pyautoattack")
    dataset = open_dataset("digits")
    order = spread(dataset, seed=0)
    tested, rest = cached(dataset, order[:60]), cached(dataset, np.sort(order[60:]))
    found = {}
    for name in ("standard", "pgd"):
        folder = tmp_path_factory.mktemp(name)
        recipe = find_recipe(name, CHANGES)
        training, validation = (cached(rest, part) for part in split(rest, 0.1, 0))
        model = fit(network(), training, validation, recipe, folder).model
        with Outcomes(folder, {}) as outcomes:
            results = evaluate_conditions(
                model, tested, PLAN.conditions, outcomes=outcomes, limits=PLAN.limits, batch_size=60
            )
        found[name] = summarise(PLAN.conditions, results, tested)
    return found


def network():
    layers = []
    with seeded(0):
        for inputs, outputs in ((3, 8), (8, 16), (16, 24)):
            layers += [nn.Conv2d(inputs, outputs, 3, 2, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(24 * 16, 10))


def accuracy(summary, what, size=f"linf {EPSILON}"):
    return next(row.accuracy for row in summary.conditions if (row.what, row.size) == (what, size))


@pytest.mark.parametrize("name", ["standard", "pgd"])
def test_stronger_attacks_leave_less(summaries, name):
    summary = summaries[name]
    fgsm, pgd, autoattack = (row for row in summary.conditions if row.size == f"linf {EPSILON}")
    assert accuracy(summary, "clean", "") > 0.8
    assert fgsm.accuracy >= pgd.accuracy >= autoattack.accuracy
    assert summary.worst_case[f"linf {EPSILON}"].accuracy <= autoattack.accuracy
    assert summary.signs_of_masking == ()


def test_adversarial_training_withstands_what_standard_training_does_not(summaries):
    assert accuracy(summaries["standard"], "pgd") < 0.1
    assert accuracy(summaries["pgd"], "pgd") > accuracy(summaries["standard"], "pgd") + 0.3


def test_corruptions_cost_accuracy_and_severe_ones_more(summaries):
    for summary in summaries.values():
        metrics = summary.corruptions
        assert set(metrics.accuracies) == set(CORRUPTIONS)
        assert metrics.mean < accuracy(summary, "clean", "")
        by_severity = [np.mean([metrics.accuracies[name][s] for name in CORRUPTIONS]) for s in SEVERITIES]
        assert by_severity[0] > by_severity[-1]
