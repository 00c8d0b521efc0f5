import pytest

from croze.proxies import PROXIES
from croze.scoring.score import score, score_all
from croze.testing.networks import NETWORKS

IN_CHUNKS = [name for name, kind in PROXIES.items() if kind.runs_in_chunks]
WHOLE = [name for name in PROXIES if name not in IN_CHUNKS]

BY_THEMSELVES = {
    "robust-zcp": "evaluation mode",
    "vkdnw": "evaluation mode",
    "vkdnw-single": "evaluation mode",
    "zen": "noise of its own",
    "meco": "noise of its own",
    "linear-regions": "noise of its own",
    "synflow": "one input of ones",
    "params": "no pass",
    "flops": "no pass",
    "l2-norm": "no pass",
}
"""Proxies that cut no training-mode pass over the batch, and so may be cut on every network."""


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("network", ["plain_cnn", "convnext"])
@pytest.mark.parametrize("proxy", IN_CHUNKS)
def test_parts_give_the_score_of_the_whole(proxy, network, size, double8, build):
    model = build(network)
    whole = score(model, double8, proxy)
    parts = score(model, double8, proxy, micro_batch=size)
    assert parts.ok == whole.ok
    if whole.ok:
        assert parts.value == pytest.approx(whole.value, rel=1e-5)
        for ours, theirs in zip(parts.layers, whole.layers, strict=True):
            assert ours.layer == theirs.layer
            assert [*ours.terms.values()] == pytest.approx([*theirs.terms.values()], rel=1e-5, abs=1e-12)
    else:
        assert parts.reason == whole.reason


@pytest.mark.parametrize("proxy", WHOLE)
def test_what_needs_the_whole_batch_refuses_parts(proxy, digits8):
    model = NETWORKS["plain_cnn"]()
    assert "needs the whole batch at once" in score(model, digits8, proxy, micro_batch=3).reason
    assert score(model, digits8, proxy, micro_batch=8).ok


@pytest.mark.parametrize("network", ["resnet", "mobilenet"])
@pytest.mark.parametrize("proxy", IN_CHUNKS)
def test_networks_whose_images_depend_on_each_other(proxy, network, digits8):
    model = NETWORKS[network]()
    found = score(model, digits8, proxy, micro_batch=3)
    if proxy in BY_THEMSELVES:
        whole = score(model, digits8, proxy)
        assert found.ok == whole.ok
        assert found.value is None or found.value == pytest.approx(whole.value, rel=1e-3)
    else:
        assert "depends on the rest of the batch" in found.reason


def test_one_proxy_that_may_cut_does_not_let_the_others(digits8):
    """The independence of images holds for one mode of the network alone."""
    model = NETWORKS["resnet"]()
    free, *others = score_all(model, digits8, "robust-zcp,input-curvature,gradnorm,naswot,ntk", micro_batch=3)
    assert free.ok
    assert all("depends on the rest of the batch" in other.reason for other in others)


def test_parts_larger_than_the_batch_are_the_batch(digits8):
    model = NETWORKS["resnet"]()
    assert score(model, digits8, "gradnorm", micro_batch=99) == score(model, digits8, "gradnorm")
