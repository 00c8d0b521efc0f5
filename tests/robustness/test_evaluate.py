import numpy as np
import pytest
import torch
from torch import nn

from croze.data import open_dataset
from croze.data.cached import cached
from croze.data.sampling import spread
from croze.errors import CrozeError
from croze.robustness.evaluate import Outcomes, check_model, evaluate_conditions
from croze.robustness.plan import plan_evaluation
from croze.training.network import digest_of_weights


@pytest.fixture(scope="session")
def held_out():
    dataset = open_dataset("digits")
    order = np.random.default_rng(0).permutation(len(dataset))
    return cached(dataset, order[1400:1460])


class Killed(Exception):
    pass


PLAN = plan_evaluation("fgsm,pgd", "0.14", "2.6", [])


def run(model, dataset, folder, plan=PLAN, **settings):
    with Outcomes(folder, {"weights": digest_of_weights(model)}) as outcomes:
        return evaluate_conditions(
            model, dataset, plan.conditions, outcomes=outcomes, limits=plan.limits, **settings
        )


def test_the_accuracies_are_those_of_the_attacks(robust_network, held_out, tmp_path):
    found = run(robust_network, held_out, tmp_path, batch_size=25)
    assert list(found) == [condition.key for condition in PLAN.conditions]
    images = torch.from_numpy(held_out.read(np.arange(60))).float() / 255
    with torch.no_grad():
        right = robust_network(images).argmax(1) == torch.tensor(held_out.labels.tolist())
    assert found["clean"].correct.tolist() == right.tolist()
    assert found["clean"].accuracy > 0.9
    fgsm = PLAN.conditions[1].attack
    one = fgsm(
        robust_network, images[25:50], torch.tensor(held_out.labels[25:50].tolist()), epsilon=0.14, first=25
    )
    assert found["fgsm linf 0.14"].correct[25:50].tolist() == one.correct.tolist()
    assert found["pgd linf 0.14"].accuracy < found["fgsm linf 0.14"].accuracy
    assert len(found["pgd(steps=50) linf 1"].correct) == 50


def test_killed_anywhere_it_goes_on_with_the_next_batch(standard_network, held_out, tmp_path):
    whole = run(standard_network, held_out, tmp_path / "whole", batch_size=25)
    batches = []

    def watch(key, done, accuracy):
        batches.append((key, done))
        if len(batches) == 5:
            raise Killed

    with pytest.raises(Killed):
        run(standard_network, held_out, tmp_path / "part", batch_size=25, watch=watch)
    seconds = {}
    resumed = run(standard_network, held_out, tmp_path / "part", batch_size=25)
    for key, result in whole.items():
        assert resumed[key].correct.tolist() == result.correct.tolist()
        assert (resumed[key].forwards, resumed[key].backwards) == (result.forwards, result.backwards)
        seconds[key] = resumed[key].seconds
    again = run(standard_network, held_out, tmp_path / "part", batch_size=25)
    assert {key: result.seconds for key, result in again.items()} == seconds


def test_other_weights_are_another_evaluation(standard_network, robust_network, held_out, tmp_path):
    plan = plan_evaluation("fgsm", "0.14", "none", [])
    first = run(standard_network, held_out, tmp_path, plan)
    other = run(robust_network, held_out, tmp_path, plan)
    assert first["fgsm linf 0.14"].accuracy < other["fgsm linf 0.14"].accuracy


def test_weights_and_classes_are_checked(held_out):
    model = nn.Sequential(nn.Flatten(), nn.Linear(3072, 7))
    with pytest.raises(CrozeError, match="gives 7 logits, but digits has 10 classes"):
        check_model(model, held_out)
    with torch.no_grad():
        model[1].weight[0, 0] = float("nan")
    with pytest.raises(CrozeError, match=r"not finite \(1.weight\)"):
        check_model(model, held_out)


def test_the_plan():
    plan = plan_evaluation("fgsm,cw-l2,square", "8/255,4/255", "0.5", ["square=100", "fgsm=7"])
    keys = [condition.key for condition in plan.conditions]
    assert keys[0] == "clean"
    assert {"fgsm linf 8/255", "fgsm linf 4/255", "fgsm l2 0.5", "cw-l2 l2 0.5", "square linf 8/255"} < set(
        keys
    )
    assert keys[-1] == "pgd(steps=50) linf 1"
    assert plan.limits["fgsm linf 4/255"] == 7
    assert plan.limits["square l2 0.5"] == 100
    assert [t.key for t in plan_evaluation("none", "8/255", "none", []).conditions] == ["clean"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("pgdd", "8/255", "none", []), "Unknown attack"),
        (("pgd", "8", "none", []), "8/255"),
        (("cw-l2", "8/255", "none", []), "has no size: give one as epsilon_l2"),
        (("pgd", "8/255", "none", ["fgsm=3"]), "none of the attacks"),
        (("pgd", "8/255", "none", ["pgd"]), "ATTACK=N"),
        (("pgd", "8/255,8/255", "none", []), "named twice"),
    ],
)
def test_what_cannot_be_planned(arguments, says):
    with pytest.raises(CrozeError, match=says):
        plan_evaluation(*arguments)


def test_every_beginning_is_balanced():
    dataset = open_dataset("digits")
    chosen = spread(dataset, 100, seed=1)
    assert np.bincount(dataset.labels[chosen]).tolist() == [10] * 10
    assert np.array_equal(spread(dataset, 50, seed=1), chosen[:50])
    assert np.bincount(dataset.labels[chosen[:50]]).tolist() == [5] * 10
    assert not np.array_equal(spread(dataset, 100, seed=2), chosen)
    assert sorted(spread(dataset, seed=3)) == list(range(len(dataset)))
    with pytest.raises(CrozeError, match="1797"):
        spread(dataset, 1798)
