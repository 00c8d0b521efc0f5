import pytest
import torch
from torch.func import functional_call

from croze.nn.parts import Parts
from croze.testing.networks import NETWORKS, Counting, SharedWeights


@pytest.mark.parametrize("name", NETWORKS)
def test_filled_parts_compute_what_functional_call_does(name):
    torch.manual_seed(0)
    network = NETWORKS[name]().eval()
    x = torch.rand(2, 3, 32, 32)
    other = {n: p.detach() * 1.5 for n, p in network.named_parameters()}
    buffers = {n: b.clone() for n, b in network.named_buffers()}
    expected = functional_call(network, other | buffers, (x.clone(),))
    held = {n: id(p) for n, p in network.named_parameters()}
    with Parts(network).filled(other):
        found = network(x.clone())
    for mine, theirs in zip(
        torch.utils._pytree.tree_leaves(found), torch.utils._pytree.tree_leaves(expected), strict=True
    ):
        assert torch.equal(mine, theirs)
    assert {n: id(p) for n, p in network.named_parameters()} == held


def test_what_is_shared_is_replaced_everywhere():
    network = SharedWeights()
    other = torch.zeros(8, 8, 3, 3)
    with Parts(network).filled({"first.weight": other}):
        assert network.first.weight is other
        assert network.second.weight is other
    assert network.first.weight is network.second.weight
    assert network.first.weight.any()


def test_buffers_are_as_before_even_after_a_failure():
    network = Counting()
    parts = Parts(network)
    with parts.filled({}):
        network(torch.rand(2, 3, 32, 32))
        assert network.calls == 1
    assert network.calls == 0
    with pytest.raises(RuntimeError, match="in the middle"):
        fail_inside(parts, network)
    assert network.calls == 0


def fail_inside(parts, network):
    with parts.filled({}):
        network.calls = network.calls + 5
        raise RuntimeError("in the middle")
