import pytest
import torch
from torch import nn

from croze.nn.blocks import blocks_of
from croze.nn.record import last_feature_map
from croze.spaces import open_space
from croze.testing.networks import NETWORKS, mlp, plain_cnn, resnet


def test_the_outermost_modules_with_weights():
    assert blocks_of(plain_cnn()) == ("0", "2", "6")
    assert blocks_of(resnet()) == ("0", "2", "4", "7")
    nested = nn.Sequential(
        nn.ModuleDict({"a": nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))}), nn.ReLU()
    )
    assert blocks_of(nested) == ("0.a.0",)
    assert blocks_of(nn.ReLU()) == ()


def test_a_space_names_its_own():
    space = open_space("nasbench201", channels=4, cells=2)
    network = space.build(
        space.parse("|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"), classes=10, seed=0
    )
    cells = [f"stage{stage}.{i}" for stage in (1, 2, 3) for i in (0, 1)]
    assert blocks_of(network) == ("stem", *cells[:2], "reduction1", *cells[2:4], "reduction2", *cells[4:])


MAPS = {
    "plain_cnn": (2, 16, 16, 16),
    "resnet": (2, 8, 8, 8),
    "convnext": (2, 12, 8, 8),
    "vit": (2, 16, 16),
    "mlp": (2, 32),
    "lenet": (2, 6, 7, 7),
    "group_norm": (2, 12, 8, 8),
}


@pytest.mark.parametrize("name", MAPS)
def test_the_feature_map_in_front_of_the_head(name):
    network = NETWORKS[name]()
    with torch.no_grad(), last_feature_map(network) as found:
        network(torch.randn(2, 3, 32, 32))
        network(torch.randn(2, 3, 32, 32))
    assert [tuple(f.shape) for f in found] == [MAPS[name]] * 2
    assert not torch.equal(found[0], found[1])


def test_without_positions_it_is_what_the_classifier_takes_in():
    network, x = mlp(), torch.randn(2, 3, 32, 32)
    with torch.no_grad(), last_feature_map(network) as found:
        logits = network(x)
        assert torch.equal(network[-1](found[0]), logits)
    assert not any(module._forward_hooks for module in network.modules())
