import pytest
import torch
from safetensors import safe_open

from croze.errors import CrozeError
from croze.training import STATE, Diverged, find_recipe, first_steps, fit

SHORT = {"epochs": "2", "batch_size": "32"}


class Killed(Exception):
    pass


def state_after(steps, network, images, recipe, folder):
    """The weights that `train` writes after so many steps."""

    def watch(place, total, loss):
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed

    left = steps
    with pytest.raises(Killed):
        fit(network, *images, recipe, folder, checkpoint_seconds=0, watch=watch)
    with safe_open(folder / STATE, framework="pt") as file:
        prefix = "model.network."
        return {n.removeprefix(prefix): file.get_tensor(n) for n in file.keys() if n.startswith(prefix)}  # noqa: SIM118


@pytest.mark.parametrize(("name", "steps"), [("standard", 3), ("fast", 2), ("standard", 9)])
def test_they_are_those_of_a_training_to_the_bit(name, steps, small, images, tmp_path):
    recipe = find_recipe(name, SHORT)  # 7 steps an epoch
    network = small()
    before = torch.random.get_rng_state()
    assert first_steps(network, images[0], recipe, steps) is network
    assert torch.equal(torch.random.get_rng_state(), before)
    expected = state_after(steps, small(), images, recipe, tmp_path)
    found = network.state_dict()
    assert found.keys() == expected.keys()
    for key, tensor in expected.items():
        assert torch.equal(found[key], tensor), key
    assert all(parameter.grad is None for parameter in network.parameters())


def test_no_step_changes_nothing(small, images):
    network = first_steps(small(), images[0], find_recipe("standard", SHORT), 0)
    for key, tensor in small().state_dict().items():
        assert torch.equal(network.state_dict()[key], tensor), key


def test_the_order_follows_the_seed(small, images):
    recipe = find_recipe("standard", SHORT)
    one, other = (first_steps(small(), images[0], recipe, 2, seed=seed) for seed in (0, 1))
    assert not torch.equal(one[0].weight, other[0].weight)


@pytest.mark.parametrize("steps", [-1, 15])
def test_steps_that_the_recipe_does_not_have(steps, small, images):
    with pytest.raises(CrozeError, match=rf"Between 0 and 14 steps .* got {steps}"):
        first_steps(small(), images[0], find_recipe("standard", SHORT), steps)


def test_what_diverges_is_said(small, images):
    with pytest.raises(Diverged, match="smaller lr"):
        first_steps(small(), images[0], find_recipe("standard", SHORT | {"lr": "1e30", "clip": "0"}), 6)
