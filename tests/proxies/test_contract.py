import pytest
import torch

from croze.nn import record
from croze.proxies import PROXIES, find_proxy
from croze.proxies.croze import official, surrogates
from croze.scoring import score
from croze.spaces import open_space
from croze.testing.networks import NETWORKS
from croze.testing.proxies import check_proxy
from croze.types import Batch

VARIANTS = [
    "croze-paper(perturbation=gaussian)",
    "croze-official(perturbation=pgd,init=kaiming)",
    "croze-positional(components=features+parameters+gradients,init=xavier,perturbation=uniform)",
]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("proxy", [*PROXIES, *VARIANTS])
def test_every_proxy_on_every_kind_of_network(proxy, network, digits):
    found = check_proxy(find_proxy(proxy), NETWORKS[network], digits)
    assert found.ok, found.reason
    assert found.value != 0


@pytest.mark.parametrize("flavour", ["benchmark", "released"])
@pytest.mark.parametrize("proxy", PROXIES)
def test_every_proxy_on_a_cell(proxy, flavour, digits):
    space = open_space("nasbench201", channels=4, cells=1)
    cell = space.parse("|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|")
    found = check_proxy(
        find_proxy(proxy), lambda: space.build(cell, classes=10, seed=0, flavour=flavour), digits
    )
    assert found.ok, found.reason


@pytest.mark.parametrize("proxy", [*PROXIES, *VARIANTS])
def test_what_a_proxy_says_it_needs(proxy, digits, monkeypatch):
    kind = find_proxy(proxy)
    model = NETWORKS["mobilenet"]()
    expected = score(model, digits, kind)
    relabelled = Batch(
        digits.images, digits.labels.roll(1), digits.classes, digits.mean, digits.std, digits.source
    )
    assert (score(model, relabelled, kind).value != expected.value) == kind.needs_labels
    recorded = []
    original = record.outputs
    monkeypatch.setattr(surrogates, "outputs", lambda n, names: recorded.extend(names) or original(n, names))
    monkeypatch.setattr(official, "outputs", lambda n, names: recorded.extend(names) or original(n, names))
    assert score(model, digits, kind) == expected
    assert bool(recorded) == kind.needs_features

    def refuse(*args, **kwargs):
        raise RuntimeError("no gradients")

    monkeypatch.setattr(torch.autograd, "grad", refuse)
    assert score(model, digits, kind).ok != kind.needs_gradients
