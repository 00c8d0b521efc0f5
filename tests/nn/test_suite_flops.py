import csv
import random

import pytest
import torch
from torch import nn

from croze.nn.count import flop_count, parameter_count
from croze.nn.suite_flops import suite_flop_count
from croze.scoring.score import score_all
from croze.spaces import open_space
from croze.testing.networks import ViT


def test_by_hand():
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.MaxPool2d((1, 2)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 5),
    )
    convolution, batchnorm, relu = 8 * 27 * 64, 2 * 8 * 64, 8 * 64
    pools = 8 * 16 * 4 + 8 * 4 * 2 * 2 + 8 * (4 // 1 + 1) * (2 // 1 + 1)
    assert suite_flop_count(model, (3, 8, 8)) == convolution + batchnorm + relu + pools + 8 * 5


def test_a_module_counts_each_time_it_runs():
    relu = nn.ReLU()
    assert suite_flop_count(nn.Sequential(relu, relu, nn.Flatten()), (1, 3, 3)) == 18


def test_attention_counts_in_evaluation_mode():
    """Patches, projections, two products of 16 tokens, the feed-forward part and the head."""
    patches, head = 16 * 16 * 192, 160
    attention = 16 * 16 * 48 + 2 * 16 * 16 * 16 + 16 * 16 * 16
    expected = patches + attention + 2 * 16 * 16 * 32 + head
    model = ViT()
    assert flop_count(model, (3, 32, 32)) == expected
    assert flop_count(model.requires_grad_(False), (3, 32, 32)) == expected
    assert flop_count(model.to("meta"), (3, 32, 32)) == expected
    assert torch.backends.mha.get_fastpath_enabled()


@pytest.fixture(scope="module")
def published(shared_data):
    with open(shared_data / "nas_bench_201" / "published_proxy_scores.csv", newline="") as file:
        return random.Random(0).sample(list(csv.DictReader(file)), 12)


def test_published_parameters_and_flops_to_the_digit(published):
    space = open_space("nasbench201")
    for row in published:
        with torch.device("meta"):
            model = space.build(space.parse(row["net_str"]), classes=10, seed=0)
        assert parameter_count(model) / 1e6 == float(row["params"])
        assert suite_flop_count(model, (3, 32, 32)) / 1e6 == float(row["flops"])


def test_the_proxies_give_these_counts(digits):
    space = open_space("nasbench201", channels=4, cells=1)
    model = space.build(space.sample(random.Random(0)), classes=10, seed=0)
    params, flops = score_all(model, digits, "params,flops(convention=suite)")
    assert params.value == parameter_count(model)
    assert flops.value == suite_flop_count(model, (3, 32, 32))
