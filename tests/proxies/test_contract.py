import pytest

from croze.proxies import PROXIES, find_proxy
from croze.spaces import open_space
from croze.testing.networks import NETWORKS
from croze.testing.proxies import check_proxy

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
