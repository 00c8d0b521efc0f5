import pytest
import torch

from croze.robustness.attacks import ATTACKS, find_attack
from croze.testing.attacks import check_attack

EPSILON = {"linf": 0.03, "l2": 0.7}
BUDGETS = {
    "fgsm": "fgsm",
    "pgd": "pgd(steps=5,restarts=2)",
    "cw": "cw(steps=5,relative_step=0.5)",
    "cw-l2": "cw-l2(steps=40,searches=4,initial_c=0.1,lr=0.05)",
    "deepfool": "deepfool(steps=10)",
    "spsa": "spsa(iterations=8,samples=16,lr=0.005)",
    "lgv": "lgv(steps=6,relative_step=0.5,epochs=1,per_epoch=2)",
    "apgd-ce": "apgd-ce(steps=8,restarts=2)",
    "apgd-t": "apgd-t(steps=5,targets=2)",
    "fab-t": "fab-t(steps=5,targets=2)",
    "square": "square(queries=60)",
    "autoattack": "autoattack(steps=4,targets=2,queries=20)",
}
RANDOM = {"pgd", "cw", "spsa", "lgv", "apgd-ce", "apgd-t", "square", "autoattack"}


def small(name, network, batches):
    return find_attack(BUDGETS.get(name, name)).prepare(network, batches)


def test_small_budgets_are_of_attacks_that_exist():
    assert BUDGETS.keys() <= ATTACKS.keys()


@pytest.mark.parametrize("name", ATTACKS)
def test_contract(name, standard_network, digit_scans, training_batches):
    images, labels = digit_scans.batch(24)
    attack = small(name, standard_network, training_batches)
    for norm, found in check_attack(attack, standard_network, images, labels, EPSILON).items():
        assert found.accuracy < found.clean_correct.double().mean(), f"{name} never succeeds in {norm}"
        assert (found.backwards > 0) == attack.needs_gradients
        other = attack(standard_network, images, labels, epsilon=EPSILON[norm], norm=norm, seed=2)
        later = attack(standard_network, images, labels, epsilon=EPSILON[norm], norm=norm, seed=1, first=24)
        for another in (other, later):
            assert torch.equal(another.images, found.images) == (name not in RANDOM)


@pytest.mark.parametrize("name", ATTACKS)
def test_described(name):
    kind = ATTACKS[name]
    assert kind.name == name
    assert kind.summary
    assert any(year in kind.source for year in ("2015", "2016", "2017", "2018", "2020", "2022"))
    assert set(kind.norms) <= {"linf", "l2"}
    assert find_attack(kind().spec) == kind()
    assert kind().needs_training == (name == "lgv")


def test_a_standard_network_falls(standard_network, digit_scans):
    images, labels = digit_scans.batch(50)
    found = find_attack("pgd")(standard_network, images, labels, epsilon=8 / 255)
    assert found.accuracy == 0
    assert found.clean_correct.double().mean() > 0.95


def test_stronger_attacks_leave_less(robust_network, standard_network, digit_scans):
    images, labels = digit_scans.batch(40)
    for network, epsilon in ((robust_network, 0.14), (standard_network, 0.012)):
        left = [
            find_attack(text)(network, images, labels, epsilon=epsilon).accuracy
            for text in ("fgsm", "pgd", "autoattack(steps=40,targets=4,queries=50)")
        ]
        assert left[0] >= left[1] >= left[2]
        assert 0 < left[2] < left[0] < 1


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_one_full_step_of_pgd_is_fgsm(norm, robust_network, digit_scans):
    images, labels = digit_scans.batch(40)
    one, fast = (
        find_attack(text)(robust_network, images, labels, epsilon=EPSILON[norm], norm=norm)
        for text in ("pgd(steps=1,relative_step=1,random_start=0)", "fgsm")
    )
    assert torch.allclose(one.images, fast.images, atol=1e-6)
    assert not torch.equal(one.images, images)


def test_restarts_only_help(robust_network, digit_scans):
    images, labels = digit_scans.batch(40)
    once = find_attack("pgd(steps=3)")(robust_network, images, labels, epsilon=0.14)
    more = find_attack("pgd(steps=3,restarts=5)")(robust_network, images, labels, epsilon=0.14)
    assert not (more.correct & ~once.correct).any(), "an image that had been fooled was lost"
    assert more.accuracy <= once.accuracy
    assert more.forwards < 5 * once.forwards, "fooled images go through the restarts"


def test_randomised_models_leave_no_trace(robust_network, digit_scans):
    images, labels = digit_scans.batch(8)
    state = torch.get_rng_state()

    class Noisy(torch.nn.Module):
        def forward(self, x):
            return {"logits": robust_network(x + 0.01 * torch.randn_like(x))}

    noisy = Noisy()
    found = [find_attack("pgd(steps=3)")(noisy, images, labels, epsilon=0.14).images for _ in range(2)]
    assert torch.equal(*found)
    assert torch.equal(state, torch.get_rng_state())


def test_inference_mode_does_not_matter(robust_network, digit_scans):
    images, labels = digit_scans.batch(8)
    expected = find_attack("fgsm")(robust_network, images, labels, epsilon=0.14).images
    with torch.inference_mode():
        found = find_attack("fgsm")(robust_network, images.clone(), labels.clone(), epsilon=0.14).images
    assert torch.equal(found, expected)
