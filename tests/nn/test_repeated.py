import pytest
import torch
from torch import nn

from croze.nn.repeated import repeating, twin
from croze.nn.seeding import seeded
from croze.spaces import genotypes, open_space
from croze.spaces.darts import genotype_space
from croze.spaces.darts.space import Darts
from croze.spaces.nasbench201 import space as nasbench201


def block(channels=4):
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(channels, channels, 3, bias=True),
        nn.BatchNorm2d(channels),
        nn.ModuleDict({"a": nn.Conv2d(channels, 2, 1), "b": nn.AvgPool2d(2)}),
        nn.Linear(3, 2),
    )


def same(a, b):
    assert str(a) == str(b)
    assert list(a.state_dict()) == list(b.state_dict())
    return all(
        torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    )


def test_a_twin_is_what_building_anew_gives():
    with seeded(5):
        first, second, third = block(), block(), block()
    with seeded(5):
        built = block()
        again, once_more = twin(built), twin(built)
    assert same(first, built)
    assert same(second, again)
    assert same(third, once_more)


def test_twins_share_nothing():
    built = block()
    again = twin(built)
    before = {name: value.clone() for name, value in built.state_dict().items()}
    with torch.no_grad():
        for tensor in (*again.parameters(), *again.buffers()):
            tensor.fill_(7)
    again[0].inplace = True
    again[1].register_forward_hook(lambda *_: None)
    again.append(nn.ReLU())
    again.eval()
    assert all(torch.equal(value, before[name]) for name, value in built.state_dict().items())
    assert not built[0].inplace
    assert not built[1]._forward_hooks
    assert len(built) == 5
    assert built.training
    assert built[1].training
    assert all(p.requires_grad and p.is_leaf for p in again.parameters())


def test_a_layer_of_unknown_initialisation_has_no_twin():
    with pytest.raises(TypeError, match="PReLU"):
        twin(nn.Sequential(nn.PReLU()))


def test_only_the_same_arguments_repeat():
    made = []

    def build(channels, *, groups=1):
        made.append((channels, groups))
        return nn.Conv2d(channels, channels, 1, groups=groups)

    make = repeating(build)
    modules = [make(2), make(4), make(2), make(4, groups=2), make(4)]
    assert made == [(2, 1), (4, 1), (4, 2)]
    assert len(set(modules)) == 5
    assert [module.groups for module in modules] == [1, 1, 1, 2, 1]


def build(name):
    if name in ("benchmark", "released"):
        space = open_space("nasbench201", channels=4, cells=3)
        cell = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|avg_pool_3x3~0|skip_connect~1|nor_conv_3x3~2|"
        return space.build(space.parse(cell), classes=10, seed=3, flavour=name)
    return Darts(layers=8, channels=4).build(genotypes.find(name)[1], classes=10, seed=3)


@pytest.mark.parametrize("name", ["benchmark", "released", "AdvRush", "P-DARTS"])
def test_networks_of_twins_have_the_weights_of_networks_built_layer_by_layer(name, monkeypatch):
    with_twins = build(name)
    for module in (nasbench201, genotype_space):
        monkeypatch.setattr(module, "repeating", lambda make: make)
    assert same(with_twins, build(name))
