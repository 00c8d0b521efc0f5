import torch
from torch import nn

from croze.nn.encoder import encodings
from croze.nn.seeding import seeded


def test_it_is_the_input_of_the_last_linear_layer():
    with seeded(0):
        encoder = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.ReLU())
        model = nn.Sequential(encoder, nn.Linear(5, 3))
        x = torch.rand(4, 3, 2, 2)
    with encodings(model) as found:
        model(x)
        model(x[:2])
    assert torch.equal(found[0], encoder(x))
    assert torch.equal(found[1], encoder(x[:2]))
    assert not found[0].requires_grad
    model(x)
    assert len(found) == 2  # the hooks are gone


def test_without_linear_layers_it_is_the_mean_of_the_last_map():
    with seeded(0):
        first = nn.Conv2d(3, 6, 1)
        model = nn.Sequential(first, nn.Conv2d(6, 2, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        x = torch.rand(4, 3, 5, 5)
    with encodings(model) as found:
        model(x)
    assert torch.allclose(found[0], model[1](first(x)).mean((2, 3)))
