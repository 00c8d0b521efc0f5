import copy

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from croze.nn.normalised import Normalised
from croze.nn.scratch import evaluating
from croze.spaces import open_space
from croze.spaces.genotypes import find
from croze.training import RECIPES, Recipe, find_recipe
from croze.training.step import perturbed_images, step_loss, weights_perturbed


@pytest.fixture
def model(small, images):
    return Normalised(small(), images[0].mean, images[0].std).train()


def _without_dropout(model):
    model.network[3].p = 0.0
    return model


def test_the_model_normalises(model, batch, images):
    x, _ = batch
    mean, std = (
        torch.tensor(v).view(1, 3, 1, 1)
        for v in (model.mean.flatten().tolist(), model.std.flatten().tolist())
    )
    with evaluating(model):
        assert torch.equal(model(x), model.network((x - mean) / std))


def test_standard_is_the_cross_entropy(model, batch):
    x, y = batch
    found = step_loss(_without_dropout(model), x, None, y, RECIPES["standard"])
    logits = model(x)
    assert torch.allclose(found.loss, F.cross_entropy(logits, y))
    assert int(found.clean) == int((logits.argmax(1) == y).sum())
    assert found.adversarial is None


def test_trades_is_its_equation(model, batch):
    x, y = batch
    _without_dropout(model)
    twin = copy.deepcopy(model)
    recipe = RECIPES["trades"]
    moved = perturbed_images(twin, x, y, recipe, torch.Generator().manual_seed(1))
    found = step_loss(model, x, moved, y, recipe).loss
    clean, adversarial = twin(x), twin(moved)
    p, q = clean.softmax(1), adversarial.softmax(1)
    expected = F.cross_entropy(clean, y) + 6 * (p * (p / q).log()).sum(1).mean()
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    assert expected > F.cross_entropy(clean, y) * 1.0001


@pytest.mark.parametrize("name", ["pgd", "trades", "fast"])
def test_perturbed_images_lie_in_the_ball_and_the_model_stays(model, batch, name):
    x, y = batch
    before = {key: value.clone() for key, value in model.state_dict().items()}
    recipe = RECIPES[name]
    moved = perturbed_images(model, x, y, recipe, torch.Generator().manual_seed(0))
    assert (moved - x).abs().max() <= recipe.epsilon + 1e-6
    assert (moved - x).abs().max() > recipe.epsilon * 0.5
    assert moved.min() >= 0
    assert moved.max() <= 1
    assert not moved.requires_grad
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key]), key
    assert all(module.training for module in model.modules())
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("name", ["pgd", "fast"])
def test_perturbed_images_are_harder(model, batch, name):
    x, y = batch
    moved = perturbed_images(model, x, y, RECIPES[name], torch.Generator().manual_seed(0))
    _without_dropout(model)
    with torch.no_grad():
        assert F.cross_entropy(model(moved), y) > F.cross_entropy(model(x), y)


def test_an_auxiliary_head_adds_its_loss(images, batch):
    space, architecture = find("DARTS-V2")
    network = open_space(space, layers=3, channels=4, auxiliary=True).build(architecture, classes=10, seed=0)
    model = Normalised(network, images[0].mean, images[0].std).train()
    x, y = batch
    alone = step_loss(model, x, None, y, Recipe(auxiliary=0.0)).loss
    both = step_loss(model, x, None, y, Recipe(auxiliary=0.4)).loss
    _, auxiliary = network.with_auxiliary(model.normalise(x))
    assert both.item() == pytest.approx(alone.item() + 0.4 * F.cross_entropy(auxiliary, y).item(), rel=1e-4)
    both.backward()
    assert network.auxiliary_head.classifier.weight.grad.abs().max() > 0


def test_label_smoothing(model, batch):
    x, y = batch
    found = step_loss(_without_dropout(model), x, None, y, Recipe(label_smoothing=0.1)).loss
    logs = model(x).log_softmax(1)
    expected = -(0.9 * logs[np.arange(16), y] + 0.1 * logs.mean(1)).mean()
    assert torch.allclose(found, expected, atol=1e-6)


def test_adversarial_training_in_l2_stays_in_its_ball(model, batch):
    x, y = batch
    recipe = find_recipe("pgd", {"norm": "l2"})
    assert (recipe.epsilon, recipe.step) == (128 / 255, 15 / 255)
    moved = perturbed_images(model, x, y, recipe, torch.Generator().manual_seed(0))
    lengths = (moved - x).flatten(1).norm(dim=1)
    assert lengths.max() <= recipe.epsilon + 1e-5
    assert lengths.min() > 0.2 * recipe.epsilon
    assert (moved - x).abs().max() > 8 / 255


def test_weights_move_along_the_gradient_and_come_back(model, batch):
    """Each matrix by `awp` of its length, uphill: against autograd on a copy."""
    x, y = batch
    _without_dropout(model)
    recipe = find_recipe("pgd", {"awp": 0.05})
    moved = perturbed_images(model, x, y, recipe, torch.Generator().manual_seed(0))
    copied = copy.deepcopy(model)
    F.cross_entropy(copied(moved), y).backward()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    buffers = {name: b.clone() for name, b in model.named_buffers()}
    with weights_perturbed(model, x, moved, y, recipe):
        for name, parameter in model.named_parameters():
            step = (parameter - before[name]).detach().flatten()
            if parameter.ndim == 1:
                assert not step.any()
                continue
            gradient = dict(copied.named_parameters())[name].grad.flatten()
            assert step.norm().item() == pytest.approx(0.05 * before[name].norm().item(), rel=1e-4)
            assert F.cosine_similarity(step, gradient, dim=0) > 0.999
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())
    assert all(torch.equal(b, buffers[name]) for name, b in model.named_buffers())
