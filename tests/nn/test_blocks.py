import pytest
import torch
from torch import nn

from croze.nn.blocks import declared_blocks
from croze.nn.trace import IMAGES
from croze.nn.watch import Watch, taken
from croze.spaces import open_space
from croze.testing.networks import NETWORKS, mlp, plain_cnn, resnet

X = torch.randn(2, 3, 32, 32)


def test_blocks_end_where_everything_flows_through_one_tensor(planned):
    def blocks(model):
        return [name for name, _ in planned(model, X)[0].blocks.values()]

    assert blocks(plain_cnn()) == ["0", "2", "6"]
    assert blocks(resnet()) == ["0", "2.body.0", "4.body.0", "7"]
    assert blocks(nn.Sequential(nn.ReLU(), nn.Flatten())) == []


def test_nesting_means_nothing(planned):
    class Backbone(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.head = resnet()[:-1], resnet()[-1]

        def forward(self, x):
            return self.head(self.body(x))

    steps = [[*planned(model, X)[0].blocks] for model in (resnet(), Backbone())]
    assert steps[0] == steps[1]


def test_a_space_names_its_own():
    space = open_space("nasbench201", channels=4, cells=2)
    network = space.build(
        space.parse("|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"), classes=10, seed=0
    )
    cells = [f"stage{stage}.{i}" for stage in (1, 2, 3) for i in (0, 1)]
    named = ("stem", *cells[:2], "reduction1", *cells[2:4], "reduction2", *cells[4:])
    assert declared_blocks(network) == named
    assert declared_blocks(nn.Sequential(network)) == tuple(f"0.{name}" for name in named)


MAPS = {
    "plain_cnn": (2, 16, 16, 16),
    "resnet": (2, 8, 8, 8),
    "convnext": (2, 12, 8, 8),
    "vit": (2, 16, 16),
    "lenet": (2, 6, 7, 7),
    "group_norm": (2, 12, 8, 8),
}


def run(model, plan, step):
    watch, found = Watch(plan, IMAGES), []
    watch.after(step, lambda out: found.append(out.clone()))
    x = X.clone()
    watch.begin(x)
    with torch.no_grad(), watch:
        model(x)
    return found


@pytest.mark.parametrize("name", MAPS)
def test_the_feature_map_in_front_of_the_head(name, planned):
    network = NETWORKS[name]()
    plan, _ = planned(network, X)
    step, layout = plan.last_map
    (found,) = run(network, plan, step)
    assert tuple(found.shape) == MAPS[name]
    assert layout.by_channel(found, 2).shape[:2] == (2, MAPS[name][-1] if found.ndim == 3 else MAPS[name][1])


def test_without_positions_the_last_layer_takes_in_what_stands_for_it(planned):
    network = mlp()
    plan, _ = planned(network, X)
    assert plan.last_map is None
    use, seen = plan.uses[max(plan.uses)], []
    watch = Watch(plan, IMAGES)
    watch.before(use.step, lambda args, kwargs: seen.append(taken(args, kwargs, use.product.x)))
    watch.begin(X)
    with torch.no_grad(), watch:
        logits = network(X)
    assert torch.equal(network[-1](seen[0]), logits)
