"""A network whose layers take the faster ways must be the same network to everybody who looks."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from croze.nn.kernels import Quickened
from croze.nn.seeding import seeded
from croze.nn.watch import Watch
from croze.spaces import genotypes, open_space
from croze.spaces.darts.space import Darts
from croze.testing.networks import NETWORKS


class Dense(nn.Module):
    """A concatenation before BatchNorm, pooling, a dilation, one map before several rectifiers."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1)
        self.norms = nn.ModuleList(nn.BatchNorm2d(6) for _ in range(2))
        self.branches = nn.ModuleList(
            [
                nn.Sequential(nn.ReLU(), nn.Conv2d(12, 12, 5, padding=4, dilation=2, groups=12, bias=False)),
                nn.Sequential(nn.ReLU(), nn.Conv2d(12, 12, 5, padding=2, groups=12, bias=False)),
                nn.Sequential(nn.ReLU(), nn.Conv2d(12, 12, 1), nn.BatchNorm2d(12)),
                nn.AvgPool2d(3, 1, 1, count_include_pad=False),
            ]
        )
        self.head = nn.Linear(12, 10)

    def forward(self, x):
        x = self.stem(x)
        x = torch.cat([norm(x) for norm in self.norms], dim=1)
        return self.head(sum(branch(x) for branch in self.branches).mean((2, 3)))


def small(name):
    space, architecture = genotypes.find(name)
    assert space == "darts"
    return Darts(layers=4, channels=4).build(architecture, classes=10, seed=0)


def nasbench201():
    space = open_space("nasbench201")
    cell = "|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|nor_conv_1x1~0|skip_connect~1|avg_pool_3x3~2|"
    return space.build(space.parse(cell), classes=10, seed=0)


CANNOT = {"lenet"}
"""Takes no map that lies channels last."""

MODELS = {name: build for name, build in NETWORKS.items() if name not in CANNOT} | {
    "dense": Dense,
    "nasbench201": nasbench201,
    "advrush": lambda: small("AdvRush"),
    "p-darts": lambda: small("P-DARTS"),
}


def run(network, x, quickened=None):
    network.zero_grad()
    x = x.detach().requires_grad_(True)
    scope = quickened.active() if quickened else seeded(0)
    with seeded(0), scope:
        found = network(x.clone())
    logits = found if isinstance(found, torch.Tensor) else torch.utils._pytree.tree_leaves(found)[0]
    logits.square().mean().backward()
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    return [logits.detach(), x.grad, *gradients]


def prepared(name):
    with seeded(0):
        network = MODELS[name]().train().to(memory_format=torch.channels_last)
        x = torch.rand(4, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    return network, x


@pytest.mark.parametrize("name", MODELS)
def test_the_same_outputs_and_gradients_pass_after_pass(name):
    network, x = prepared(name)
    plain = copy.deepcopy(network)
    quickened = Quickened(network.modules())
    for _ in range(2):  # what a layer learns in the first pass serves in the second
        for mine, theirs in zip(run(network, x, quickened), run(plain, x), strict=True):
            # BatchNorm amplifies rounding, and single units flip
            assert (mine - theirs).norm() <= 5e-3 * theirs.norm() + 1e-5


@pytest.mark.parametrize("name", MODELS)
def test_nothing_is_left_behind(name):
    network, x = prepared(name)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    quickened = Quickened(network.modules())
    run(network, x, quickened)
    assert not any("forward" in module.__dict__ for module in network.modules())
    for key, value in network.state_dict().items():
        if key not in dict(network.named_buffers()) or "running" in key or "tracked" in key:
            assert torch.equal(value, before[key])


def test_running_statistics_are_read_in_evaluation_and_never_written():
    network, x = prepared("dense")
    network.norms[0].running_mean += 1.0
    network.eval()
    quickened = Quickened(network.modules())
    assert torch.allclose(run(network, x, quickened)[0], run(network, x)[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_whoever_counts_operations_counts_the_same(name, planned):
    network, x = prepared(name)
    counts, names = [], []
    for scope in (seeded(0), Quickened(network.modules()).active()):
        with scope:
            plan, _ = planned(network, x)
            watch = Watch(plan, len(x))
            codes = watch.codes()
            watch.begin(x)
            with watch:
                network(x)
        counts.append([code.shape for code in codes])
        names.append(plan.names)
    assert counts[0] == counts[1]
    assert names[0] == names[1]


def test_one_map_is_rectified_once(monkeypatch):
    network, x = prepared("dense")
    seen = []
    relu = functional.relu
    monkeypatch.setattr(functional, "relu", lambda x, inplace=False: seen.append(x) or relu(x))
    quickened = Quickened(network.modules())
    run(network, x, quickened)
    assert len(seen) == 1
    run(network, x, quickened)
    assert len(seen) == 2
    run(network, x)
    assert len(seen) == 5


def test_a_map_that_changed_is_rectified_anew():
    relu = nn.Sequential(nn.ReLU(), nn.Conv2d(2, 2, 1, bias=False))
    nn.init.ones_(relu[1].weight)
    x = torch.ones(1, 2, 4, 4)
    with Quickened(relu.modules()).active():
        first = relu(x)
        second = relu(x.add_(1.0))
        with torch.no_grad():
            third = relu(x)
    assert (first.max().item(), second.max().item()) == (2.0, 4.0)
    assert not third.requires_grad


class Reused(nn.Module):
    """The rectifier before the convolution serves elsewhere too, where somebody writes to its output."""

    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU()
        self.edge = nn.Sequential(self.relu, nn.Conv2d(3, 3, 1))

    def forward(self, x):
        r = self.relu(x)
        r.data += 1
        return (self.edge(x) + r).mean((2, 3))


class Learned(nn.Module):
    """A learned map before a rectifier."""

    def __init__(self):
        super().__init__()
        self.map = nn.Parameter(torch.randn(1, 3, 8, 8))
        self.edge = nn.Sequential(nn.ReLU(), nn.Conv2d(3, 3, 1))

    def forward(self, x):
        return (self.edge(self.map) * x).mean((2, 3))


class Checkpointed(nn.Module):
    def __init__(self):
        super().__init__()
        self.edges = nn.ModuleList(nn.Sequential(nn.ReLU(), nn.Conv2d(3, 3, 1)) for _ in range(2))

    def forward(self, x):
        x = x * 2
        return sum(checkpoint(edge, x, use_reentrant=False) for edge in self.edges).mean((2, 3))


class Looked(nn.Module):
    """Works on tensors that have no versions."""

    def __init__(self):
        super().__init__()
        self.edge = nn.Sequential(nn.ReLU(), nn.Conv2d(3, 3, 1))

    def forward(self, x):
        with torch.inference_mode():
            self.edge(torch.ones(1, 3, 8, 8))
        return self.edge(x).mean((2, 3))


@pytest.mark.parametrize("kind", [Reused, Learned, Checkpointed, Looked])
def test_what_networks_do_with_their_rectifiers(kind):
    torch.manual_seed(0)
    network = kind()
    x = torch.randn(2, 3, 8, 8).contiguous(memory_format=torch.channels_last)
    quickened = Quickened(network.modules())
    expected = run(network, x)
    for _ in range(2):
        for mine, theirs in zip(run(network, x, quickened), expected, strict=True):
            assert torch.allclose(mine, theirs, atol=1e-6)
    assert not any(p.__dict__ for p in network.parameters())


@pytest.mark.parametrize(
    "layer", [nn.Conv2d(8, 8, 5, padding=2, groups=8, bias=False), nn.BatchNorm2d(8, affine=False)]
)
def test_too_few_channels_are_refused_as_ever(layer):
    x = torch.randn(2, 4, 16, 16).contiguous(memory_format=torch.channels_last)
    for made in (x, x.double()):
        with Quickened([layer]).active(), pytest.raises(RuntimeError):
            layer.to(made.dtype)(made)


def test_under_autocast_the_layers_are_torchs():
    conv = nn.Conv2d(8, 8, 5, padding=2, groups=8, bias=False)
    x = torch.randn(2, 8, 16, 16).contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16), Quickened([conv]).active():
        found = conv(x)
    found.float().sum().backward()
    assert found.dtype == torch.bfloat16


def test_layers_of_derived_classes_are_left_alone():
    class Doubling(nn.BatchNorm2d):
        def forward(self, x):
            return 2 * super().forward(x)

    x = torch.randn(4, 3, 8, 8)
    norm = Doubling(3)
    with Quickened([norm]).active():
        assert torch.equal(norm(x), 2 * nn.BatchNorm2d(3)(x))


def test_a_map_of_one_value_a_channel_is_refused_as_ever():
    norm = nn.BatchNorm2d(3)
    with Quickened([norm]).active(), pytest.raises(ValueError, match="more than 1 value"):
        norm(torch.randn(1, 3, 1, 1))
