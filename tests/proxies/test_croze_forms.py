"""The forms against a second, deliberately plain implementation of their definitions, and their arguments."""

import copy
import math
import random

import numpy as np
import pytest
import torch
from plain_official import plain_official
from torch import nn
from torch.nn import functional

from croze.data import load_batch
from croze.errors import CrozeError
from croze.proxies import parse_proxy
from croze.proxies.croze.cosine import along_first, released, sums_along_first, whole
from croze.proxies.passes import Passes
from croze.scoring.score import score, score_all
from croze.spaces import open_space
from croze.spaces.darts.space import Darts
from croze.spaces.genotypes import find
from croze.testing.networks import NETWORKS, mobilenet, plain_cnn, resnet
from croze.types import Batch

FORMS = ("croze-paper", "croze-official", "croze-positional")
SPACE = open_space("nasbench201", channels=4, cells=2)
CELL = SPACE.parse("|nor_conv_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_3x3~1|none~2|")


@pytest.fixture(scope="module")
def double(digits):
    return digits.to(torch.float64)


def network(flavour="benchmark"):
    return SPACE.build(CELL, classes=10, seed=3, flavour=flavour).double()


def forward(model, x, y):
    """Loss, and every convolution's and linear layer's output, by plain hooks."""
    kept = {}
    handles = [
        m.register_forward_hook(lambda m, i, o, n=n: kept.__setitem__(n, o.detach().clone()))
        for n, m in model.named_modules()
        if isinstance(m, nn.Conv2d | nn.Linear)
    ]
    loss = functional.cross_entropy(model(x), y)
    for handle in handles:
        handle.remove()
    return loss, kept


def plain_paper(model, batch, beta=2.0, epsilon=0.01, gamma=0.1):
    """Eq. 3-10 with .backward() and weights changed in place."""
    x, y = batch.normalised(), batch.labels
    model.train().zero_grad()
    loss, z = forward(model, x, y)
    loss.backward()
    layers = [n for n, m in model.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    weights = {n: model.get_submodule(n).weight for n in layers}
    layers = [n for n in layers if weights[n].grad is not None and weights[n].grad.abs().sum() > 0]
    g = {n: weights[n].grad.clone() for n in layers}
    theta = {n: weights[n].detach().clone() for n in layers}
    with torch.no_grad():
        for n in layers:
            weights[n] += beta * g[n] / g[n].norm() * theta[n].norm()
    theta_r = {n: weights[n].detach().clone() for n in layers}
    x_r = x.clone().requires_grad_(True)
    forward(model, x_r, y)[0].backward()
    x_r = (x + epsilon * x_r.grad.sign()).detach()
    model.zero_grad()
    loss, z_r = forward(model, x_r, y)
    loss.backward()
    total, positional = 0.0, 0.0
    for n in layers:
        g_r = weights[n].grad
        term_z = 1 + functional.cosine_similarity(z[n].flatten(), z_r[n].flatten(), dim=0, eps=1e-300)
        a, b = theta[n] - gamma * g[n], theta_r[n] - gamma * g_r
        term_p = 1 + functional.cosine_similarity(a.flatten(), b.flatten(), dim=0, eps=1e-300)
        term_g = functional.cosine_similarity(g[n].flatten(), g_r.flatten(), dim=0, eps=1e-300).abs()
        total += (term_z * term_p * term_g).item()
        positional += functional.cosine_similarity(g[n], g_r, dim=0, eps=1e-300).abs().sum().item()
    return total, positional


@pytest.mark.parametrize("settings", [{}, {"beta": 0.5, "epsilon": 0.1}])
@pytest.mark.parametrize("kind", ["cell", "resnet", "plain_cnn", "convnext", "mlp"])
def test_paper_and_positional_against_the_plain_way(kind, settings, double):
    torch.manual_seed(1)
    model = network() if kind == "cell" else NETWORKS[kind]().double()
    arguments = f"beta={settings.get('beta', 2.0)},epsilon_normalised={settings.get('epsilon', 0.01)}"
    ours = [
        score(model, double, f"{form}({arguments})").value for form in ("croze-paper", "croze-positional")
    ]
    paper, positional = plain_paper(model, double, **settings)
    assert ours[0] == pytest.approx(paper, rel=1e-9)
    assert ours[1] == pytest.approx(positional, rel=1e-9)


def test_gamma_enters_the_paper_form(double):
    model = network()
    values = {score(model, double, f"croze-paper(gamma={g})").value for g in (0.0, 0.1, 1.0)}
    assert len(values) == 3
    assert score(model, double, "croze-paper(gamma=1)").value == pytest.approx(
        plain_paper(network(), double, gamma=1.0)[0], rel=1e-9
    )


@pytest.mark.parametrize("make", [plain_cnn, resnet])
def test_official_without_stages_uses_each_layers_own_output_and_says_so(make, digits):
    torch.manual_seed(2)
    model = make()
    found = score(model, digits, "croze-official")
    assert "declares no stages" in found.notes[0]
    assert found.value == pytest.approx(plain_official(copy.deepcopy(model), digits), rel=1e-9)
    assert not score(network("released"), digits, "croze-official").notes


def without_dropout(model):
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return model


def darts(name, **size):
    return lambda: Darts(**size).build(find(name)[1], classes=10, seed=1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: network("released"),
        darts("AdvRush", layers=3, channels=4),
        darts("P-DARTS", layers=5, channels=2),
        lambda: without_dropout(mobilenet()),
    ],
)
@pytest.mark.parametrize("epsilon", [0.01, 0.3])
def test_official_is_what_the_straightforward_way_gives(make, epsilon, digits):
    torch.manual_seed(3)
    model = make().float()
    model.channels_last = True  # the layout in which float64 has a way of its own
    found = score(model, digits, f"croze-official(epsilon_normalised={epsilon})")
    assert found.value == pytest.approx(plain_official(model, digits, epsilon=epsilon), rel=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_a_left_out_component_is_the_factor_one(form, digits):
    model = network("released" if form == "croze-official" else "benchmark")
    everything = "features+parameters+gradients"
    full = score(model, digits, f"{form}(components={everything})")
    for subset in (
        "features",
        "features+parameters",
        "features+gradients",
        "parameters+gradients",
        everything,
    ):
        found = score(model, digits, f"{form}(components={subset})")
        expected = sum(math.prod(layer.terms[c] for c in subset.split("+")) for layer in full.layers)
        assert found.value == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("form", FORMS)
def test_arguments_reach_the_score(form, digits):
    model = network().float()
    variants = [
        "beta=1",
        "epsilon_normalised=0.3",
        "perturbation=pgd",
        "perturbation=gaussian,epsilon_normalised=0.3",
        "perturbation=uniform,epsilon_normalised=0.3",
        "perturbation=none",
        "init=kaiming",
        "init=xavier",
    ]
    found = [score(model, digits, form), *(score(model, digits, f"{form}({v})") for v in variants)]
    assert all(one.ok for one in found)
    assert len({one.value for one in found}) == len(found)


def test_layers_stand_in_forward_order(digits):
    class Backwards(nn.Module):
        def __init__(self):
            super().__init__()
            self.last = nn.Linear(8, 10)
            self.first = nn.Conv2d(3, 8, 3)

        def forward(self, x):
            return self.last(self.first(x).relu().mean(dim=(2, 3)))

    for form in FORMS:
        assert [layer.layer for layer in score(Backwards(), digits, form).layers] == ["first", "last"]


def test_a_shared_weight_counts_once(digits):
    found = score(NETWORKS["shared_weights"](), digits, "croze-paper")
    assert [layer.layer for layer in found.layers] == ["stem", "first", "head"]


def test_normalisation_inside_the_model_gives_the_same_score(double):
    class Normalising(nn.Module):
        normalises_input = True

        def __init__(self):
            super().__init__()
            self.net = network()
            self.register_buffer("mean", torch.tensor(double.mean).double().view(1, 3, 1, 1))
            self.register_buffer("std", torch.tensor(double.std).double().view(1, 3, 1, 1))

        def forward(self, pixels):
            return self.net((pixels - self.mean) / self.std)

    for form in ("croze-paper", "croze-positional"):
        outside = score(network(), double, form).value
        assert score(Normalising(), double, form).value == pytest.approx(outside, rel=1e-6)
        as_told = score(Normalising(), double, form, normalises_input=False).value
        assert as_told != pytest.approx(outside, rel=1e-3)


def failing(reason_part, model, batch, proxy="croze-positional"):
    found = score(model, batch, proxy)
    assert not found.ok
    assert found.value is None
    assert reason_part in found.reason, found.reason


def test_failures_have_reasons(digits):
    class Broken(nn.Module):
        def forward(self, x):
            raise RuntimeError("no such thing\nand more")

    class Overflowing(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = plain_cnn()

        def forward(self, x):
            return self.net(x) * 1e38 * 1e38

    failing("RuntimeError: no such thing", Broken(), digits, "flops")
    failing("no such thing", Broken(), digits)
    failing("no layer", nn.Sequential(nn.MaxPool2d(8), nn.Flatten()), digits, "croze-official")
    failing("not finite", Overflowing(), digits)
    five = nn.Sequential(nn.Flatten(), nn.Linear(3072, 5))
    failing("beyond the model's 5 logits", five, digits)
    failing("logits of shape", nn.Sequential(nn.Conv2d(3, 4, 3)), digits)
    poisoned = plain_cnn()
    with torch.no_grad():
        poisoned[0].weight.fill_(torch.nan)
    for form in FORMS:
        failing("not finite", poisoned, digits, form)


def test_one_image_where_batch_statistics_need_more():
    one = load_batch("digits", size=1, seed=0)
    flat = nn.Sequential(nn.Flatten(), nn.Linear(3072, 8), nn.BatchNorm1d(8), nn.Linear(8, 10))
    failing("more than 1 value per channel", flat, one)
    assert score(network().float(), one, "croze-positional").ok


def test_seed_of_dropout_noise_and_images(digits):
    model = NETWORKS["mobilenet"]()
    assert score(model, digits, seed=1) == score(model, digits, seed=1)
    assert score(model, digits, seed=1) != score(model, digits, seed=2)


def test_greyscale_and_larger_images():
    images = torch.rand(4, 1, 28, 28)
    batch = Batch(images, torch.tensor([0, 1, 2, 0]), 3, (0.5,), (0.2,))
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 26 * 26, 3))
    for form in FORMS:
        assert score(model, batch, form).ok


def test_passes_are_shared(digits, monkeypatch):
    counted = []
    original = Passes.loss_of

    def counting(self, *args):
        counted.append(1)
        return original(self, *args)

    monkeypatch.setattr(Passes, "loss_of", counting)
    model = network().float()
    alone = [score(model, digits, form).value for form in ("croze-paper", "croze-positional")]
    assert len(counted) == 6
    together = score_all(model, digits, "croze-paper,croze-positional")
    assert len(counted) == 9
    assert [one.value for one in together] == alone


def test_cosines():
    a = torch.randn(5, 4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    b = torch.randn(5, 4, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    expected = functional.cosine_similarity(a, b, dim=0)
    assert torch.allclose(along_first(a, b), expected)
    assert torch.allclose(released(a, b), expected)
    assert whole(a, b) == pytest.approx(functional.cosine_similarity(a.flatten(), b.flatten(), dim=0).item())
    tiny = along_first((a * 1e-12).float(), (b * 1e-12).float())
    assert torch.allclose(tiny, expected.float(), atol=1e-5), "small gradients keep their direction"
    b[:, 2] = 0
    assert not along_first(a, b)[2].any()
    assert whole(a, torch.zeros_like(a)) == 0.0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_sums_of_many_layers_are_those_of_each(dtype):
    generator = torch.Generator().manual_seed(0)

    def drawn(*shape):
        return torch.randn(shape, generator=generator, dtype=dtype)

    shapes = {"a": (4, 3, 3, 3), "b": (4, 3, 3, 3), "c": (5, 2), "d": (4, 3, 3, 3), "e": (7, 1, 1, 1)}
    pairs = {layer: (drawn(*shape), drawn(*shape)) for layer, shape in shapes.items()}
    pairs["b"] = (1e-20 * pairs["b"][0], 1e15 * pairs["b"][1])
    pairs["d"] = (pairs["d"][0], torch.zeros_like(pairs["d"][1]))
    found = sums_along_first(pairs)
    assert list(found) == list(shapes)
    for layer, (a, b) in pairs.items():
        assert found[layer] == pytest.approx(float(along_first(a, b).abs().sum()), rel=1e-6)
    assert found["d"] == 0.0
    assert sums_along_first({}) == {}


def test_a_network_of_ones_own_gives_the_same_score_without_a_copy(digits, monkeypatch):
    specs = "croze-positional,croze-paper,croze-official,croze-paper(init=kaiming),params,live-params,flops"
    expected = score_all(network().float(), digits, specs)
    frozen = NETWORKS["shared_weights"]
    assert (
        score_all(frozen(), digits, "croze-paper,params", own=True)[1].value
        == score(frozen(), digits, "params").value
    )
    copies = []
    original = copy.deepcopy
    monkeypatch.setattr(copy, "deepcopy", lambda *a, **k: copies.append(a) or original(*a, **k))
    assert score_all(network().float(), digits, "croze-positional,croze-paper", own=True) == expected[:2]
    assert not copies
    assert score_all(network().float(), digits, specs, own=True) == expected


def test_callers_may_have_switched_gradients_off(digits):
    expected = [score(network().float(), digits, form).value for form in FORMS]
    with torch.no_grad():
        assert [score(network().float(), digits, form).value for form in FORMS] == expected
    with torch.inference_mode():
        batch = load_batch("digits", size=8, seed=0)
        assert [score(network().float(), batch, form).value for form in FORMS] == expected
        assert score(network().float(), batch, "live-params").ok


@pytest.mark.parametrize("form", FORMS)
def test_what_is_not_chosen_is_neither_computed_nor_stored(form, digits):
    found = score(plain_cnn(), digits, f"{form}(components=gradients)")
    assert all(set(layer.terms) == {"gradients"} for layer in found.layers)
    reordered = parse_proxy(f"{form}(components=gradients+features)")
    assert reordered == parse_proxy(f"{form}(components=features+gradients)")


@pytest.mark.parametrize("form", FORMS)
def test_layers_whose_weight_is_computed_are_named(form, digits):
    found = score(NETWORKS["counting"](), digits, form)
    assert [layer.layer for layer in found.layers] == ["net.0", "net.2 (computed)", "net.6 (computed)"]


def test_nothing_that_could_be_measured_is_a_failure(digits):
    class Detached(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = plain_cnn()

        def forward(self, x):
            return self.net(x).detach()

    for form in FORMS:
        failing("no gradient reaches", Detached(), digits, form)
    assert score(Detached(), digits, "live-params").value == 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_models_that_cannot_be_copied_or_scored(digits):
    class Uncopyable(nn.Module):
        def __deepcopy__(self, memo):
            raise TypeError("one of a kind")

    failing("cannot be copied (one of a kind)", Uncopyable(), digits)
    failing("run one batch through it", nn.Sequential(nn.Flatten(), nn.LazyLinear(10)), digits)
    failing("pass the eager one", torch.jit.trace(plain_cnn(), digits.images), digits)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_compiled_model_is_scored_as_its_original(digits):
    model = plain_cnn()
    compiled = torch.compile(model)
    for form in (*FORMS, "params", "live-params"):
        assert score(compiled, digits, form) == score(model, digits, form)


def test_random_numbers_of_the_model_are_seeded(digits):
    class StochasticDepth(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = plain_cnn()

        def forward(self, x):
            return self.net(x) * (1 + random.random() + np.random.rand())

    model = StochasticDepth()
    state = random.getstate()
    assert score(model, digits) == score(model, digits)
    assert random.getstate() == state


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("model", None, "params"), r"takes a torch.nn.Module and a croze.Batch, got a str"),
        ((None, torch.rand(2, 3, 8, 8), "params"), "got a Sequential and a Tensor"),
        ((None, None, 3), "A proxy is a name or a croze Proxy, got a int"),
    ],
)
def test_misuse_is_one_sentence(arguments, sentence, digits):
    model, batch, proxy = arguments
    with pytest.raises(CrozeError, match=sentence):
        score(model or plain_cnn(), digits if batch is None else batch, proxy)


def test_seeds_out_of_range(digits):
    for seed in (-1, 2**63):
        with pytest.raises(CrozeError, match="seed lies between"):
            score(plain_cnn(), digits, seed=seed)


def test_proxies_may_be_mixed(digits):
    found = score_all(plain_cnn(), digits, ["params", parse_proxy("flops")])
    assert [one.proxy for one in found] == ["params", "flops"]
