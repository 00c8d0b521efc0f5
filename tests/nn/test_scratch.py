import torch
from torch import nn

from croze.nn.initialise import initialise
from croze.nn.scratch import scratch
from croze.nn.seeding import seeded, single_thread
from croze.testing.networks import SharedWeights, resnet


def test_a_scratch_copy_is_apart():
    model = resnet().eval()
    model[0].weight.grad = torch.ones_like(model[0].weight)
    model[0].weight.requires_grad_(False)
    twin = scratch(model, torch.channels_last)
    assert twin.training
    assert all(p.requires_grad and p.grad is None for p in twin.parameters())
    assert twin[0].weight.is_contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        twin[0].weight.zero_()
    assert model[0].weight.any()
    assert model[0].weight.is_contiguous()
    assert not model.training
    assert not model[0].weight.requires_grad
    assert model[0].weight.grad is not None


def test_sharing_survives_the_copy():
    twin = scratch(SharedWeights(), torch.channels_last)
    assert twin.first.weight is twin.second.weight


def test_initialisations(planned):
    model = nn.Sequential(nn.Conv2d(64, 128, 3), nn.BatchNorm2d(128), nn.Flatten(), nn.Linear(512, 256))
    plan, parameters = planned(model, torch.randn(2, 64, 4, 4))
    before = [p.clone() for p in model.parameters()]
    initialise(plan, parameters, "default", 0)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    state = torch.get_rng_state()
    for how, conv, linear in (
        ("kaiming", (2 / 576) ** 0.5, (2 / 512) ** 0.5),
        ("xavier", (2 / (576 + 1152)) ** 0.5, (2 / 768) ** 0.5),
    ):
        initialise(plan, parameters, how, 3)
        assert abs(model[0].weight.std() / conv - 1) < 0.02
        assert abs(model[3].weight.std() / linear - 1) < 0.02
        assert not model[0].bias.any()
        assert torch.equal(model[1].weight, torch.ones(128))
        first = model[0].weight.clone()
        initialise(plan, parameters, how, 3)
        assert torch.equal(first, model[0].weight)
        initialise(plan, parameters, how, 4)
        assert not torch.equal(first, model[0].weight)
    assert torch.equal(state, torch.get_rng_state())


def test_scopes_leave_no_trace():
    state = torch.get_rng_state()
    with seeded(5):
        first = torch.rand(3)
    with seeded(5):
        assert torch.equal(first, torch.rand(3))
    assert torch.equal(state, torch.get_rng_state())
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    with single_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    torch.set_num_threads(threads)
