from dataclasses import replace

import pytest
import torch

from croze.data import load_batch
from croze.proxies import PROXIES, parse_proxy
from croze.proxies.passes import Passes
from croze.scoring.score import score
from croze.spaces import open_space
from croze.testing.networks import NETWORKS
from croze.testing.proxies import check_independence, check_proxy

VARIANTS = [
    "croze-paper(perturbation=gaussian)",
    "croze-paper(perturbation=corruption:glass@3)",
    "croze-official(perturbation=pgd,init=kaiming)",
    "croze-positional(components=features+parameters+gradients,init=xavier,perturbation=uniform)",
    "fisher(per_weight=0)",
    "zen(samples=4,repeats=2)",
    "flops(convention=suite)",
    "linear-regions(samples=20,resolution=32)",
]
EVERY = [*PROXIES, *VARIANTS]

NO_RECTIFIER = "has no rectifier"
TOO_SMALL = "takes no inputs of 3x3 pixels"
REFUSALS = {
    ("naswot", "lenet"): NO_RECTIFIER,
    ("swap", "lenet"): NO_RECTIFIER,
    ("swap-reg", "lenet"): NO_RECTIFIER,
    ("linear-regions(samples=20,resolution=32)", "lenet"): NO_RECTIFIER,
    **{("linear-regions", name): TOO_SMALL for name in ("resnet", "convnext", "vit", "mlp", "lenet")},
    ("meco", "mlp"): "no operation gives positions besides channels",
    ("az-progressivity", "mlp"): "fewer than 2 blocks",
    ("az-progressivity", "lenet"): "fewer than 2 blocks",
    ("az-trainability", "mlp"): "fewer than 2 blocks",
    ("az-trainability", "lenet"): "fewer than 2 blocks",
    ("az-trainability", "convnext"): "passes its input on unchanged",
}
"""Where a proxy has no meaning, and part of the reason that it gives."""

ZEROS = {
    ("meco", "vit"): "as many positions as channels: every correlation matrix is singular",
    ("az-progressivity", "convnext"): "the one block starts as the identity, so nothing grows",
}


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("proxy", EVERY)
def test_every_proxy_on_every_kind_of_network(proxy, network, digits8):
    found = check_proxy(parse_proxy(proxy), NETWORKS[network], digits8, company=())
    reason = REFUSALS.get((proxy, network))
    if reason is not None:
        assert reason in found.reason
        return
    assert found.ok, found.reason
    assert (found.value == 0) == ((proxy, network) in ZEROS)


@pytest.mark.parametrize("network", NETWORKS)
def test_no_score_depends_on_what_else_is_scored(network, digits8):
    check_independence([parse_proxy(proxy) for proxy in EVERY], NETWORKS[network], digits8)


SPACE = open_space("nasbench201", channels=4, cells=1)
CELL = SPACE.parse("|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|")


@pytest.mark.parametrize("flavour", ["benchmark", "released"])
@pytest.mark.parametrize("proxy", PROXIES)
def test_every_proxy_on_a_cell(proxy, flavour, digits8):
    kind = parse_proxy(proxy)

    def build():
        return SPACE.build(CELL, classes=10, seed=0, flavour="thin" if kind.flavour == "thin" else flavour)

    found = check_proxy(kind, build, digits8, company=())
    assert found.ok, found.reason
    assert found.value != 0


def blank(batch):
    mean = torch.tensor(batch.mean, dtype=batch.images.dtype).view(1, -1, 1, 1)
    return replace(batch, images=mean.expand_as(batch.images).clone())


@pytest.mark.parametrize("proxy", EVERY)
def test_what_a_proxy_says_it_needs(proxy, digits8, monkeypatch):
    kind = parse_proxy(proxy)
    torch.manual_seed(0)
    model = NETWORKS["mobilenet"]()
    expected = score(model, digits8, kind)
    assert expected.ok

    def differs(batch):
        return score(model, batch, kind).value != expected.value

    assert differs(replace(digits8, labels=digits8.labels.roll(1))) == kind.needs_labels
    others = replace(digits8, images=load_batch("digits", size=8, seed=1).images)
    assert (differs(others) or differs(blank(digits8))) == kind.needs_images

    def refuse(*args, **kwargs):
        raise RuntimeError("no gradients")

    monkeypatch.setattr(torch.autograd, "grad", refuse)
    assert score(model, digits8, kind).ok != kind.needs_gradients


@pytest.mark.parametrize(
    ("proxy", "part"), [(proxy, part) for proxy in EVERY for part in sorted(parse_proxy(proxy).asks)]
)
def test_a_proxy_asks_for_nothing_in_vain(proxy, part, digits8):
    kind = parse_proxy(proxy)
    model = NETWORKS["plain_cnn"]()

    def measured(asked):
        passes = Passes.over(model, digits8, seed=0, asked=asked, normalises_input=False, own=False)
        try:
            return kind.measure(passes).value
        except Exception as problem:
            return type(problem)

    assert isinstance(measured(kind.asks), float)
    assert measured(kind.asks - {part}) != measured(kind.asks)
