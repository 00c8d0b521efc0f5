import json

import pytest
import torch

from croze.errors import CrozeError
from croze.nn.blocks import declared_blocks
from croze.nn.count import flop_count, live_parameter_count, parameter_count
from croze.nn.stages import declared_stages
from croze.scoring.score import score_all
from croze.spaces.darts import Darts
from croze.spaces.darts.cell import Cell, dropped, live_states
from croze.spaces.genotypes import find

SMALL = Darts(layers=6, channels=4)
_, ADVRUSH = find("AdvRush")
_, DARTS_V2 = find("DARTS-V2")


def on_meta(space, architecture, classes):
    with torch.device("meta"):
        return space.build(architecture, classes=classes, seed=0)


@pytest.mark.parametrize("part", [slice(0, 725, 60), pytest.param(slice(0, 725), marks=pytest.mark.slow)])
def test_parameters_are_those_of_nas_bench_301(shared_data, part):
    table = json.loads((shared_data / "nas_bench_301" / "zc_nasbench301.json").read_text())["cifar10"]
    assert len(table) == 725
    space = Darts(layers=8, channels=32, affine=False)
    for text in [*table][part]:
        network = on_meta(space, space.parse(text), 10)
        assert parameter_count(network) == round(table[text]["params"]["score"] * 1e6)


def test_multiply_adds_are_those_of_nas_bench_301(shared_data):
    table = json.loads((shared_data / "nas_bench_301" / "zc_nasbench301.json").read_text())["cifar10"]
    space = Darts(layers=8, channels=32, affine=False)
    for text in [*table][:3]:
        # the table counts additions of BatchNorm, pooling and the like as well
        counted = table[text]["flops"]["score"] * 1e6
        assert 0.9 * counted < flop_count(on_meta(space, space.parse(text), 10), (3, 32, 32)) < counted


def test_the_imagenet_network_has_the_published_size():
    # Liu et al. 2019, Table 3, second order: 4.7 million parameters and 574 million multiply-adds, the
    # latter with more than convolutions, which are all that is counted here
    space = Darts(network="imagenet")
    assert (space.layers, space.channels) == (14, 48)
    network = on_meta(space, DARTS_V2, 1000)
    assert round(parameter_count(network) / 1e6, 1) == 4.7
    assert 0.9 < flop_count(network, (3, 224, 224)) / 574e6 < 1.0


def test_the_cifar_network_has_the_published_size():
    # Liu et al. 2019, Table 1: 3.3 million for both orders, 3.2 where the first is told apart
    assert (Darts().layers, Darts().channels) == (20, 36)
    assert round(parameter_count(on_meta(Darts(), DARTS_V2, 10)) / 1e6, 1) == 3.3


def test_the_auxiliary_head_stands_beside_the_logits():
    x = torch.rand(2, 3, 32, 32)
    plain, helped = (Darts(6, 4, auxiliary=a).build(ADVRUSH, classes=7, seed=0) for a in (False, True))
    head = {k: v for k, v in helped.state_dict().items() if k.startswith("auxiliary_head.")}
    assert {**plain.state_dict(), **head}.keys() == helped.state_dict().keys()
    helped.load_state_dict({**plain.state_dict(), **head})
    logits = plain(x)
    assert torch.equal(helped(x), logits)
    again, auxiliary = helped.with_auxiliary(x)
    assert torch.equal(again, logits)
    assert auxiliary.shape == (2, 7)
    loss = auxiliary.sum()
    loss.backward()
    assert helped.cells[4].preprocess1.op[1].weight.grad is not None
    assert helped.cells[5].preprocess1.op[1].weight.grad is None
    # what a proxy sees is the network without it
    assert live_parameter_count(helped, x) == parameter_count(plain)
    assert declared_stages(helped) == declared_stages(plain)
    with pytest.raises(ValueError, match="without an auxiliary head"):
        plain.with_auxiliary(x)
    with pytest.raises(ValueError, match="32x32"):
        helped.with_auxiliary(torch.rand(2, 3, 64, 64))


def test_the_auxiliary_head_of_imagenet():
    space = Darts(4, 4, network="imagenet", auxiliary=True)
    network = space.build(ADVRUSH, classes=7, seed=0)
    logits, auxiliary = network.with_auxiliary(torch.rand(2, 3, 224, 224))
    assert logits.shape == auxiliary.shape == (2, 7)
    assert sum(isinstance(m, torch.nn.BatchNorm2d) for m in network.auxiliary_head.modules()) == 1


def test_drop_path_drops_in_training_alone_and_can_be_set():
    x = torch.rand(4, 3, 16, 16)
    still = SMALL.build(ADVRUSH, classes=5, seed=0)
    network = Darts(6, 4, drop_path=0.5).build(ADVRUSH, classes=5, seed=0)
    assert torch.equal(network.eval()(x), still.eval()(x))
    network.train()
    still.train()
    torch.manual_seed(0)
    first = network(x)
    assert not torch.equal(first, network(x))
    assert not torch.equal(first, still(x))
    network.drop_path = 0.0
    assert torch.equal(network(x), still(x))


def test_dropped_images_are_whole_and_the_mean_stays():
    torch.manual_seed(0)
    x = torch.ones(20_000, 2, 2, 2)
    y = dropped(x, 0.3)
    kept = y[:, 0, 0, 0] != 0
    assert abs(kept.float().mean() - 0.7) < 0.02
    assert torch.equal(y, (kept.float() / torch.tensor(0.7)).view(-1, 1, 1, 1).expand_as(y))
    assert abs(y.mean() - 1.0) < 0.03


def test_skips_are_never_dropped():
    cell = Cell([("skip_connect", 0), ("skip_connect", 1)], [2], 4, 4, 4, False, False)
    x, y = torch.rand(8, 4, 6, 6), torch.rand(8, 4, 6, 6)
    assert torch.equal(cell(x, y, 0.9), cell(x, y, 0.0))
    halving = Cell([("skip_connect", 0), ("skip_connect", 1)], [2], 4, 4, 4, True, False)
    torch.manual_seed(0)
    assert not torch.equal(halving(x, y, 0.9), halving(x, y, 0.0))


def test_affine_is_about_the_operations_alone():
    names = {n for n, _ in Darts(6, 4, affine=False).build(ADVRUSH, classes=5, seed=0).named_parameters()}
    every = {n for n, _ in SMALL.build(ADVRUSH, classes=5, seed=0).named_parameters()}
    assert {n.split(".")[2] for n in every - names} == {"_ops"}
    assert {"stem.1.weight", "cells.0.preprocess0.op.2.weight", "cells.3.preprocess0.bn.weight"} <= names
    assert all(n.endswith((".weight", ".bias")) for n in every - names)
    assert len(every - names) == 2 * sum(n.endswith(".bias") and "._ops." in n for n in every)


@pytest.mark.parametrize(
    ("settings", "stems"), [({}, ("stem",)), ({"network": "imagenet"}, ("stem0", "stem1"))]
)
def test_stages_and_blocks(settings, stems):
    network = Darts(6, 4, **settings).build(ADVRUSH, classes=5, seed=0)
    stages = declared_stages(network)
    cells = tuple(f"cells.{i}" for i in range(6))
    assert stages.outputs == (stems[-1], *cells, "pool")
    assert stages.keeps_batchnorm == ()
    assert {stages.of_layer[n] for n in stages.of_layer if n.startswith("stem")} == {0}
    assert stages.of_layer["cells.0.preprocess0.op.1" if not settings else "cells.0.preprocess0.conv_1"] == 1
    assert stages.of_layer["cells.5.preprocess1.op.1"] == 6
    assert stages.of_layer["classifier"] == 7
    layers = {n for n, m in network.named_modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)}
    assert set(stages.of_layer) == layers
    assert declared_blocks(network) == (*stems, *cells)


def test_every_layer_runs_in_the_order_of_its_registration():
    network = SMALL.build(ADVRUSH, classes=5, seed=0)
    order = []
    layers = {m: n for n, m in network.named_modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)}
    for module in layers:
        module.register_forward_pre_hook(lambda m, _: order.append(layers[m]))
    network(torch.rand(2, 3, 16, 16))
    assert order == list(layers.values())


def test_live_states_follow_the_output():
    sources = (0, 1, 0, 1, 2, 0, 1, 2, 3, 0, 1, 2, 3, 4)
    assert live_states(sources, (5, 4, 5, 3)) == (2, 3, 4, 5)
    assert live_states(sources, (3, 3, 3, 3)) == (3,)
    assert live_states(sources, (8,)) == (2, 3, 4, 8)


def test_proxies_of_every_kind_find_their_layers(digits):
    network = SMALL.build(ADVRUSH, classes=10, seed=0)
    proxies = "croze-official,croze-paper,croze-positional,az-nas,zen,meco,synflow,params,live-params"
    scores = score_all(network, digits, proxies)
    assert all(score.ok for score in scores), scores
    assert not scores[0].notes
    assert scores[-1].value == scores[-2].value == parameter_count(network)


def test_flavours_and_operations_that_are_unknown():
    with pytest.raises(CrozeError, match="darts has standard"):
        SMALL.build(ADVRUSH, classes=10, seed=0, flavour="released")
