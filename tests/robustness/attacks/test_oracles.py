"""Each attack against another's implementation, on networks that were really trained on real images."""

import warnings
from copy import deepcopy

import pytest
import torch

from croze.perturb.base import sizes
from croze.robustness.attacks import find_attack

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import eagerpy
    import foolbox
    import torchattacks
    from foolbox import attacks as fa
    from torchattacks.wrappers.lgv import LightEnsemble

EPSILON = {"linf": 0.14, "l2": 2.6}
POINTS = 0.03
"""How much more accuracy than the oracle an attack may leave."""


class MarginPGD(fa.LinfPGD):
    """Foolbox's loop on the margin between logits."""

    def get_loss_fn(self, model, labels):
        def loss(inputs):
            logits = model(inputs)
            own = eagerpy.onehot_like(logits, labels)
            return ((logits - 1e9 * own).max(axis=1) - (logits * own).sum(axis=1)).sum()

        return loss


def foolbox_attack(attack):
    def run(model, images, labels, epsilon):
        wrapped = foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu")
        return attack(wrapped, images, labels, epsilons=epsilon)[1]

    return run


def torchattacks_attack(kind, **arguments):
    def run(model, images, labels, epsilon):
        return kind(model, eps=epsilon, **arguments)(images, labels)

    return run


def pgd_of_torchattacks(model, images, labels, epsilon):
    return torchattacks.PGD(model, eps=epsilon, alpha=epsilon / 4, steps=20)(images, labels)


def pgd_l2_of_torchattacks(model, images, labels, epsilon):
    return torchattacks.PGDL2(model, eps=epsilon, alpha=epsilon / 4, steps=20)(images, labels)


TARGETED = {"multi_targeted": True, "n_classes": 10}
# the attack, the norm, the images, the oracle
CASES = {
    "fgsm": ("fgsm", "linf", 200, torchattacks_attack(torchattacks.FGSM)),
    "fgsm-l2": ("fgsm", "l2", 200, foolbox_attack(fa.L2FastGradientAttack())),
    "pgd": ("pgd", "linf", 200, pgd_of_torchattacks),
    "pgd-foolbox": ("pgd", "linf", 200, foolbox_attack(fa.LinfPGD(rel_stepsize=0.25, steps=20))),
    "pgd-l2": ("pgd", "l2", 200, pgd_l2_of_torchattacks),
    "pgd-l2-foolbox": ("pgd", "l2", 200, foolbox_attack(fa.L2PGD(rel_stepsize=0.25, steps=20))),
    "cw": ("cw", "linf", 200, foolbox_attack(MarginPGD(rel_stepsize=0.1, steps=30))),
    "cw-l2": (
        "cw-l2(steps=150,searches=5,initial_c=0.1,lr=0.02)",
        "l2",
        30,
        foolbox_attack(fa.L2CarliniWagnerAttack(5, 150, 0.02, 0, 0.1)),
    ),
    "deepfool": ("deepfool", "linf", 100, foolbox_attack(fa.LinfDeepFoolAttack())),
    "deepfool-l2": ("deepfool", "l2", 100, foolbox_attack(fa.L2DeepFoolAttack())),
    "spsa": (
        "spsa(iterations=20,samples=32,lr=0.03)",
        "linf",
        40,
        torchattacks_attack(torchattacks.SPSA, delta=0.01, lr=0.03, nb_iter=20, nb_sample=32),
    ),
    "apgd-ce": ("apgd-ce(steps=30)", "linf", 100, torchattacks_attack(torchattacks.APGD, steps=30)),
    "apgd-ce-l2": (
        "apgd-ce(steps=30)",
        "l2",
        100,
        torchattacks_attack(torchattacks.APGD, norm="L2", steps=30),
    ),
    "apgd-t": ("apgd-t(steps=10)", "linf", 60, torchattacks_attack(torchattacks.APGDT, steps=10)),
    "apgd-t-l2": ("apgd-t(steps=10)", "l2", 60, torchattacks_attack(torchattacks.APGDT, norm="L2", steps=10)),
    "fab-t": ("fab-t(steps=10)", "linf", 40, torchattacks_attack(torchattacks.FAB, steps=10, **TARGETED)),
    "fab-t-l2": (
        "fab-t(steps=10)",
        "l2",
        40,
        torchattacks_attack(torchattacks.FAB, norm="L2", steps=10, **TARGETED),
    ),
    "square": (
        "square(queries=300)",
        "linf",
        100,
        torchattacks_attack(torchattacks.Square, n_queries=300, resc_schedule=False),
    ),
    "square-l2": (
        "square(queries=300)",
        "l2",
        100,
        torchattacks_attack(torchattacks.Square, norm="L2", n_queries=300, resc_schedule=False),
    ),
}


def published_autoattack(model, images, labels, epsilon, norm="Linf"):
    pytest.importorskip("pyautoattack")
    from pyautoattack import AutoAttack

    with torch.random.fork_rng(devices=[]):
        attack = AutoAttack(model, norm=norm, eps=epsilon, seed=0, device="cpu")
        return attack.run_standard_evaluation(images, labels, batch_size=len(images))[0]


def torchattacks_spsa(model, images, labels, epsilon):
    return torchattacks.SPSA(model, eps=epsilon, nb_iter=100, nb_sample=128)(images, labels)


FULL = {
    "spsa": ("spsa", "linf", 40, torchattacks_spsa),
    "cw-l2": ("cw-l2", "l2", 60, foolbox_attack(fa.L2CarliniWagnerAttack(9, 1000))),
    "autoattack": ("autoattack", "linf", 100, published_autoattack),
    "autoattack-l2": (
        "autoattack",
        "l2",
        100,
        lambda *arguments: published_autoattack(*arguments, norm="L2"),
    ),
}


def accuracy(model, images, labels):
    with torch.no_grad():
        return (model(images).argmax(1) == labels).double().mean().item()


def compare(case, model, digits, epsilon):
    text, norm, count, oracle = case
    images, labels = digits.batch(count)
    found = find_attack(text)(model, images, labels, epsilon=epsilon[norm], norm=norm)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs = oracle(model, images, labels, epsilon[norm])
    # a point outside the ball is no success
    outside = sizes(theirs - images, norm) > epsilon[norm] + 1e-5
    expected = accuracy(model, torch.where(outside[:, None, None, None], images, theirs), labels)
    assert found.accuracy <= expected + POINTS
    return found.accuracy, expected


@pytest.mark.parametrize("name", CASES)
def test_as_strong_as_the_oracle(name, robust_network, digit_scans):
    ours, theirs = compare(CASES[name], robust_network, digit_scans, EPSILON)
    assert 0.1 < ours < 0.96
    assert theirs < 0.97


@pytest.mark.parametrize(
    "name", [name for name in CASES if name.split("-")[0] in ("fgsm", "pgd", "deepfool")]
)
def test_as_strong_on_the_standard_network(name, standard_network, digit_scans):
    compare(CASES[name], standard_network, digit_scans, {"linf": 0.01, "l2": 0.35})


@pytest.mark.slow
@pytest.mark.parametrize("name", FULL)
def test_as_strong_at_full_budget(name, robust_network, digit_scans):
    compare(FULL[name], robust_network, digit_scans, EPSILON)


@pytest.mark.parametrize(
    ("text", "norm", "oracle"),
    [
        ("deepfool", "l2", fa.L2DeepFoolAttack()),
        ("deepfool", "linf", fa.LinfDeepFoolAttack()),
        (
            "cw-l2(steps=120,searches=6,initial_c=3,lr=0.02)",
            "l2",
            fa.L2CarliniWagnerAttack(6, 120, 0.02, 0, 3.0),
        ),
    ],
)
def test_minimal_perturbations_are_as_small(
    text, norm, oracle, robust_network, standard_network, digit_scans
):
    images, labels = digit_scans.batch(24)
    for network in (robust_network, standard_network):
        found = find_attack(text).closest(network, images, labels, norm=norm)
        theirs = foolbox_attack(oracle)(network, images, labels, None)
        with torch.no_grad():
            both = found.clean_correct & (network(theirs).argmax(1) != labels)
        assert not found.correct.any(), "some image has no adversarial one"
        ours, expected = found.distances[both].median(), sizes(theirs - images, norm)[both].median()
        assert 0 < ours <= 1.02 * expected


def test_lgv_is_as_strong_as_the_oracle(robust_network, digit_scans, training_batches):
    images, labels = digit_scans.batch(100)
    attack = find_attack("lgv(epochs=3,steps=30)").prepare(robust_network, training_batches)
    found = attack(robust_network, images, labels, epsilon=0.14)
    members = []
    for weights in attack.weights:
        member = deepcopy(robust_network)
        member.load_state_dict(dict(weights))
        members.append(member.eval())
    theirs = torchattacks.BIM(LightEnsemble(members, order=None), eps=0.14, alpha=0.014, steps=30)(
        images, labels
    )
    expected = accuracy(robust_network, theirs, labels)
    assert len(members) == 12
    assert found.accuracy <= expected + POINTS
    assert found.accuracy < found.clean_correct.double().mean() - 0.05
