import time

import pytest
import torch
from torch import nn

from croze.errors import CrozeError
from croze.nn.count import live_parameter_count, parameter_count
from croze.scoring.costs import MeasuredLatency, ReachableParams
from croze.spaces.nasbench201 import Cell, NASBench201


class Sleeper(nn.Module):
    """Takes a known time, and longer in its first passes; says how it was called."""

    def __init__(self, seconds, slow_starts=0):
        super().__init__()
        self.seconds, self.slow_starts, self.calls = seconds, slow_starts, []

    def forward(self, images):
        self.calls.append((len(images), self.training, torch.is_inference_mode_enabled()))
        slow = len(self.calls) <= self.slow_starts
        time.sleep(self.seconds * (20 if slow else 1))
        return images.mean((2, 3))


INPUTS = torch.rand(3, 3, 8, 8)


def test_the_median_after_a_warm_up():
    network = Sleeper(0.003, slow_starts=4)
    taken = MeasuredLatency(warm_up=4, repeats=7).of("x", lambda: network, INPUTS)
    assert 3.0 <= taken < 40.0
    assert network.calls == [(1, False, True)] * 11


def test_a_batch_of_any_size():
    network = Sleeper(0.0)
    MeasuredLatency(images=7, warm_up=0, repeats=2).of("x", lambda: network, INPUTS)
    assert network.calls == [(7, False, True)] * 2
    assert MeasuredLatency().spec == "latency"
    assert MeasuredLatency(images=7).spec == "latency(images=7)"


def test_deeper_networks_take_longer():
    deep, shallow = (NASBench201(8, cells) for cells in (6, 1))
    cell = Cell(("nor_conv_3x3",) * 6)
    images = torch.rand(1, 3, 32, 32)
    slow, fast = (
        MeasuredLatency(warm_up=1, repeats=5).of(
            "x", lambda space=space: space.build(cell, classes=10, seed=0), images
        )
        for space in (deep, shallow)
    )
    assert slow > 1.5 * fast


@pytest.mark.parametrize("settings", [{"images": 0}, {"repeats": 0}, {"warm_up": -1}])
def test_settings_without_meaning(settings):
    with pytest.raises(CrozeError, match="at least 1 image"):
        MeasuredLatency(**settings)


def test_reachable_parameters_are_the_live_ones_of_a_cell():
    space = NASBench201(4, 1)
    for text in (
        "|skip_connect~0|+|none~0|nor_conv_1x1~1|+|nor_conv_3x3~0|none~1|none~2|",
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|none~1|nor_conv_1x1~2|",
    ):

        def build(text=text):
            return space.build(space.parse(text), classes=10, seed=0)

        found = ReachableParams().of(text, build, torch.rand(2, 3, 32, 32))
        assert found == live_parameter_count(build(), torch.rand(4, 3, 32, 32))
        assert found <= parameter_count(build())


def test_what_gets_a_gradient_of_zeros_is_reachable_but_not_live():
    dead = NASBench201(4, 1).build(Cell(("none",) * 6), classes=10, seed=0)
    images = torch.rand(4, 3, 32, 32)
    assert ReachableParams().of("x", lambda: dead, images) > live_parameter_count(dead, images)


def test_a_network_that_needs_real_numbers_is_counted_all_the_same():
    def build():
        network = nn.Sequential(nn.Flatten(), nn.Linear(12, 2), nn.Linear(2, 2))
        network[2].weight.requires_grad_(False)
        if network[1].weight.device.type == "meta":
            raise RuntimeError("no meta")
        return network

    assert ReachableParams().of("x", build, torch.rand(1, 3, 2, 2)) == 12 * 2 + 2 + 2
