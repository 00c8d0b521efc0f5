"""NAS-Bench-201 on its three data sets: 10, 100 and 120 classes, images of 32 and 16 pixels."""

import pytest
import torch

from croze.data import load_batch
from croze.nn.count import flop_count, parameter_count
from croze.proxies import parse_proxies, parts_of
from croze.scoring.evaluator import Evaluator
from croze.spaces import open_space
from croze.testing.spaces import check_network, check_space

BEST = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
DATA_SETS = {"cifar10": (10, 32), "cifar100": (100, 32), "ImageNet16-120": (120, 16)}


@pytest.mark.parametrize(
    ("name", "params", "flops"),
    [("cifar10", 1.289, 184.73), ("cifar100", 1.294, 184.74), ("ImageNet16-120", 1.296, 46.19)],
)
def test_sizes_are_those_that_the_benchmark_prints(name, params, flops):
    # cell 9930 of NAS-Bench-201-v1_0, as its own interface shows it, in millions
    classes, side = DATA_SETS[name]
    space = open_space("nasbench201")
    with torch.device("meta"):
        network = space.build(space.parse(BEST), classes=classes, seed=0)
    assert round(parameter_count(network) / 1e6, 3) == params
    assert round(flop_count(network, (3, side, side)) / 1e6, 2) == flops


def test_the_contract_holds_for_images_of_16_pixels():
    check_space(open_space("nasbench201", channels=4, cells=1), classes=120, shape=(3, 16, 16))


@pytest.mark.parametrize(("channels", "cells"), [(8, 1), (4, 3), (16, 5)])
@pytest.mark.parametrize("name", DATA_SETS)
def test_any_width_and_depth_on_any_data_set(name, channels, cells):
    classes, side = DATA_SETS[name]
    space = open_space("nasbench201", channels=channels, cells=cells)
    cell = space.parse(BEST)
    if channels * cells < 80:
        check_network(space, cell, classes, (3, side, side))
    network = space.build(cell, classes=classes, seed=0)
    named = dict(network.named_parameters())
    assert named["stem.0.weight"].shape[0] == channels
    assert named["classifier.weight"].shape == (classes, 4 * channels)
    for stage in (1, 2, 3):
        present = {key.split(".")[1] for key in named if key.startswith(f"stage{stage}.")}
        assert present == {str(i) for i in range(cells)}
        last = named[f"stage{stage}.{cells - 1}.edges.0to1.1.weight"]
        assert last.shape == (channels * 2 ** (stage - 1), channels * 2 ** (stage - 1), 3, 3)
    # a cell more adds its five convolutions, at every one of the three widths
    deeper = open_space("nasbench201", channels=channels, cells=cells + 1)
    with torch.device("meta"):
        more = parameter_count(deeper.build(cell, classes=classes, seed=0)) - parameter_count(network)
    assert more == sum(5 * (9 * c * c + 2 * c) for c in (channels, 2 * channels, 4 * channels))


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "imagenet16_120"])
def test_real_images_of_every_data_set_are_scored(shared_data, name):
    file = "train" if name == "cifar10" else "sample"
    batch = load_batch(f"parquet:{shared_data / name / file}.parquet", size=16, seed=0)
    classes, side = DATA_SETS[{"imagenet16_120": "ImageNet16-120"}.get(name, name)]
    assert batch.classes == classes
    assert batch.images.shape[1:] == (3, side, side)
    evaluator = Evaluator(open_space("nasbench201", channels=4, cells=1), batch, seed=0)
    parts = parts_of(parse_proxies("croze-robust,croze-paper,croze-official,naswot,params,live-params,flops"))
    scores = evaluator((BEST, tuple(parts)))
    assert [score.reason for score in scores] == [""] * len(parts)
