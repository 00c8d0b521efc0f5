import sys

import pytest
import torch
from torch import nn

from croze.errors import CrozeError
from croze.robustness.attacks import ATTACKS, find_attack, find_attacks
from croze.robustness.attacks.base import Attack


def classifier(classes=4, side=6):
    torch_state = torch.Generator().manual_seed(0)
    layer = nn.Linear(3 * side * side, classes)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=torch_state))
    return nn.Sequential(nn.Flatten(), layer)


HALF = classifier().bfloat16()
THREE = {"text": "apgd-t", "model": classifier(3)}
ZEROS = torch.zeros(5, dtype=torch.int64)
IMAGES = torch.rand(5, 3, 6, 6, generator=torch.Generator().manual_seed(1))


def labels_of(model, images=IMAGES):
    with torch.no_grad():
        return model(images).argmax(1)


def attack(text="fgsm", model=None, images=IMAGES, labels=None, **arguments):
    model = model or classifier()
    labels = labels_of(model) if labels is None else labels
    return find_attack(text)(model, images, labels, **{"epsilon": 8 / 255, **arguments})


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        (r"in pixel space, above 0 and at most 1, got 8: write 8/255", {"epsilon": 8}),
        ("must be a number above 0, got -0.1", {"epsilon": -0.1}),
        ("must be a number above 0, got nan", {"epsilon": float("nan")}),
        (r"in l2 must be at most 10\.3923", {"epsilon": 11.0, "norm": "l2"}),
        ("Unknown norm 'l1'", {"norm": "l1"}),
        ("Attack spsa works in linf, not in 'l2'", {"text": "spsa", "norm": "l2"}),
        ("Attack cw-l2 works in l2, not in 'linf'", {"text": "cw-l2"}),
        ("whole numbers from 0, got -1 and 0", {"seed": -1}),
        ("whole numbers from 0, got 0 and -3", {"first": -3}),
        (r"got values from 1\.\d+ to 1\.9", {"images": IMAGES + 1}),
        ("must lie in .0, 1., got values from nan", {"images": IMAGES * torch.nan}),
        (r"of shape \(N, C, H, W\), at least one, got torch.uint8", {"images": IMAGES.to(torch.uint8)}),
        (r"at least one, got torch.float32 of shape \(0, 3, 6, 6\)", {"images": IMAGES[:0]}),
        (r"got torch.float32 of shape \(3, 6, 6\)", {"images": IMAGES[0]}),
        ("5 images need as many int64 labels, got torch.float32", {"labels": torch.zeros(5)}),
        (r"labels, got torch.int64 of shape \(4,\)", {"labels": torch.zeros(4, dtype=torch.int64)}),
        (r"Labels must lie in 0..3, as the model has 4 logits, got 4", {"labels": torch.full((5,), 4)}),
        (r"Labels must lie in 0..3.*got -1", {"labels": torch.full((5,), -1)}),
        ("float32 or float64, got torch.bfloat16: call model.float", {"model": HALF, "labels": ZEROS}),
        ("two or more classes", {"model": classifier(classes=1)}),
        ("must return logits", {"model": nn.Identity(), "labels": ZEROS}),
        ("needs weights from training data first: call prepare", {"text": "lgv"}),
        ("apgd-t needs at least 4 classes.*has 3: use autoattack, which leaves it out", THREE),
    ],
)  # fmt: skip
def test_bad_input(message, arguments):
    with pytest.raises(CrozeError, match=message):
        attack(**arguments)


def test_images_with_logits_that_are_not_finite_are_wrong():
    model = classifier()
    labels = labels_of(model)
    with torch.no_grad():
        model[1].bias[0] = torch.nan
    found = attack(model=model, labels=labels)
    assert not found.clean_correct.any()
    assert not found.correct.any()
    assert found.not_finite == len(labels)


class Entropy(nn.Module):
    """Not finite where the first channel is black."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(50.0))

    def forward(self, x):
        b = x.mean((2, 3))
        return torch.stack(
            [-b[:, 0] * torch.log(b[:, 0]) * self.weight, b[:, 1] + 1, b[:, 2] + 1, b[:, 2] * 0], 1
        )


@pytest.mark.parametrize("text", ["fgsm", "pgd(random_start=0)", "pgd", "deepfool", "cw", "pgd(draws=2)"])
def test_images_that_are_driven_to_no_numbers_have_not_withstood(text):
    images = torch.rand(8, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 0.025
    images[:, 0] += 0.005
    model = Entropy()
    found = attack(text, model, images, model(images).argmax(1), epsilon=16 / 255)
    strange = ~model(found.images).isfinite().all(1)
    assert int(strange.sum()) == found.not_finite
    assert not found.correct[strange].any()


@pytest.mark.parametrize("text", [name for name in ATTACKS if not ATTACKS[name].needs_training])
def test_at_epsilon_0_accuracy_is_that_of_clean_images(text):
    norm = ATTACKS[text].norms[0]
    found = attack(text, epsilon=0, norm=norm, labels=torch.tensor([0, 1, 2, 3, 0]))
    assert torch.equal(found.correct, found.clean_correct)
    assert torch.equal(found.images, IMAGES)


@pytest.mark.parametrize(
    "text", ["apgd-ce(steps=2)", "square(queries=5)", "autoattack(steps=2,queries=2)", "pgd"]
)
def test_images_in_channels_last_order_give_the_same(text):
    labels = labels_of(classifier())
    one = attack(text, labels=labels)
    other = attack(text, images=IMAGES.to(memory_format=torch.channels_last), labels=labels)
    assert torch.equal(one.images, other.images)


def test_rounding_errors_of_pixels_are_clamped():
    images = IMAGES.clone()
    images[0, 0, 0, 0], images[0, 0, 0, 1] = -2.98e-8, 1 + 1e-7
    found = attack(images=images)
    assert 0 <= found.images.min() <= found.images.max() <= 1


@pytest.mark.parametrize("classes", [2, 3])
def test_autoattack_leaves_out_what_few_classes_do_not_define(classes):
    model = classifier(classes)
    labels = labels_of(model)
    found = attack("autoattack(steps=3,queries=20)", model, labels=labels, epsilon=0.3)
    single = attack("apgd-ce(steps=3)", model, labels=labels, epsilon=0.3)
    assert found.accuracy <= single.accuracy


@pytest.mark.parametrize("target", ["second", "least", "random"])
def test_aimed_attacks_drive_images_to_their_class(target):
    """Without a bound the class that is aimed at becomes likelier; another class counts as wrong."""
    model = classifier()
    labels = labels_of(model)
    found = attack(f"pgd(steps=30,target={target})", model, labels=labels, epsilon=1.0)
    with torch.no_grad():
        before, after = model(IMAGES).log_softmax(1), model(found.images).log_softmax(1)
    own = nn.functional.one_hot(labels, 4).bool()
    aims = {
        "second": before.masked_fill(own, -torch.inf).argmax(1),
        "least": before.masked_fill(own, torch.inf).argmin(1),
    }
    assert found.accuracy < 1
    if target in aims:
        rows = torch.arange(5)
        assert (after[rows, aims[target]] > before[rows, aims[target]])[~found.correct].all()
    with pytest.raises(CrozeError, match="target of pgd is second, least, random or absent"):
        find_attack("pgd(target=next)")


class Quantised(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = classifier()

    def forward(self, x):
        return self.inner((x.detach() * 255).round() / 255)


@pytest.mark.parametrize("text", ["fgsm", "pgd", "cw-l2", "deepfool"])
def test_a_model_without_gradients(text):
    norm = "l2" if text == "cw-l2" else "linf"
    with pytest.raises(CrozeError, match=r"cannot be differentiated.*square or spsa"):
        attack(text, model=Quantised(), norm=norm)
    assert attack("spsa(iterations=20,samples=16,lr=0.05)", model=Quantised(), epsilon=0.3).accuracy < 1


def test_a_model_without_gradients_at_an_image_is_left_alone():
    """ReLUs that are all dead give zero gradients: an attempt without success, not an error."""
    model = nn.Sequential(classifier(), nn.Hardtanh(-1e-3, 1e-3))
    for text in ("fgsm", "pgd(steps=3)", "deepfool(steps=3)", "cw(steps=3)"):
        assert attack(text, model=model).images.isfinite().all()


@pytest.mark.parametrize("classes", [2, 3, 4, 12])
@pytest.mark.parametrize(
    "text", ["deepfool", "apgd-ce(steps=5)", "fab-t(steps=5)", "square(queries=9)", "apgd-t(steps=5)"]
)
def test_any_number_of_classes(text, classes):
    if text.startswith("apgd-t") and classes < 4:
        return
    attack(text, model=classifier(classes))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pdg", "Unknown attack 'pdg'; the known ones are fgsm, pgd, cw, cw-l2, deepfool, spsa, lgv, "
         "apgd-ce, apgd-t, fab-t, square, autoattack"),
        ("pgd,fgsm,pgd(steps=20)", "Attack pgd is named twice"),
        ("pgd(step=3)", "Attack pgd has no argument 'step'; it takes steps, relative_step"),
        ("fgsm(steps=3)", "Attack fgsm has no argument 'steps'; it takes no arguments"),
        ("pgd(steps=many)", "must be a whole number, got 'many'"),
        ("pgd(steps=0)", "Argument steps of pgd must be at least 1, got 0"),
        ("pgd(relative_step=0)", "Argument relative_step of pgd must be above 0, got 0"),
        ("pgd(loss=dlr)", "Argument loss of pgd is one of ce, margin, got 'dlr'"),
        ("pgd(random_start=2)", "Argument random_start of pgd is 0 or 1, got 2"),
        ("pgd(restarts=2,random_start=0)", "would all be the same"),
        ("cw(confidence=-1)", "Argument confidence of cw must be at least 0"),
        ("cw-l2(lr=0)", "Argument lr of cw-l2 must be above 0"),
        ("deepfool(overshoot=-1)", "Argument overshoot of deepfool must be at least 0"),
        ("spsa(samples=0)", "Argument samples of spsa must be at least 1"),
        ("spsa(delta=0)", "Argument delta of spsa must be above 0"),
        ("lgv(per_epoch=0)", "Argument per_epoch of lgv must be at least 1"),
        ("apgd-ce(restarts=0)", "Argument restarts of apgd-ce must be at least 1"),
        ("apgd-t(targets=0)", "Argument targets of apgd-t must be at least 1"),
        ("fab-t(steps=0)", "Argument steps of fab-t must be at least 1"),
        ("square(queries=0)", "Argument queries of square must be at least 1"),
        ("autoattack(queries=0)", "Argument queries of autoattack must be at least 1"),
    ],
)  # fmt: skip
def test_bad_names_and_arguments(text, message):
    with pytest.raises(CrozeError, match=message.replace("(", r"\(")):
        find_attacks(text)


def test_lists():
    assert [a.spec for a in find_attacks("pgd(steps=50,loss=margin),fgsm, pgd")] == [
        "pgd(steps=50,loss=margin)",
        "fgsm",
        "pgd",
    ]
    with pytest.raises(CrozeError, match="Expected one attack, got 2"):
        find_attack("fgsm,pgd")


@pytest.mark.parametrize("name", ["apgd-ce", "apgd-t", "fab-t", "square", "autoattack"])
def test_without_pyautoattack(name, monkeypatch):
    for module in [m for m in sys.modules if m.split(".")[0] == "pyautoattack"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "pyautoattack", None)
    with pytest.raises(
        CrozeError, match=rf"Attack {name} needs the package pyautoattack: pip install 'croze\[att"
    ):
        attack(name)


@pytest.mark.parametrize(
    ("move", "message"),
    [
        (lambda x: x + 2, "left the pixel space"),
        (lambda x: (x + 0.5).clamp(0, 1), "left the ball"),
        (lambda x: x * torch.nan, "no finite images"),
        (lambda x: x[:1], "no finite images of shape"),
    ],
)
def test_an_attack_that_breaks_its_promise_is_stopped(move, message):
    class Broken(Attack):
        name, summary, source = "broken", "", ""

        def _perturb(self, task):
            return move(task.images)

    model = classifier()
    with pytest.raises(RuntimeError, match=message):
        Broken()(model, IMAGES, labels_of(model), epsilon=8 / 255)
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters()), "not restored after an error"


def test_published_budgets():
    assert ATTACKS["autoattack"]().__dict__.items() >= {"steps": 100, "targets": 9, "queries": 5000}.items()
    assert ATTACKS["apgd-ce"]().steps == ATTACKS["apgd-t"]().steps == ATTACKS["fab-t"]().steps == 100
    assert ATTACKS["square"]().queries == 5000
    assert ATTACKS["spsa"]().iterations >= 100
