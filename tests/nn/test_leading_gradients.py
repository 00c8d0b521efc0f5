"""Derivatives by the first element of every parameter, against jacrev in evaluation mode."""

import pytest
import torch
from torch import nn
from torch.func import functional_call, jacrev
from torch.nn import functional

from croze.errors import CrozeError
from croze.nn.leading_gradients import leading_gradients
from croze.proxies.passes import Passes
from croze.testing.networks import NETWORKS


def head(channels):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 4))


def everything():
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace=True),
        nn.LayerNorm([6, 8, 8]),
        nn.Conv2d(6, 4, 1, bias=False),
        nn.BatchNorm2d(4, affine=False),
        head(4),
    )


class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor([[0.5, -2.0]]))

    def forward(self, x):
        return x * self.scale[0, 0] + self.scale[0, 1]


class FunctionalUse(nn.Module):
    """A linear layer that is called once as a module, once as a matrix; one that never runs itself."""

    def __init__(self):
        super().__init__()
        self.body, self.tied, self.silent = nn.Conv2d(3, 4, 3), nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        y = self.tied(self.body(x).relu().mean(dim=(2, 3)))
        return functional.linear(y, self.tied.weight.T) + functional.linear(y, self.silent.weight.abs())


class Query(nn.Module):
    """Layers that see learned vectors rather than images."""

    def __init__(self, tokens):
        super().__init__()
        self.query = nn.Parameter(torch.randn(tokens, 4))
        self.project, self.body = nn.Linear(4, 6), nn.Conv2d(3, 6, 4)

    def forward(self, x):
        keys = self.body(x).flatten(2)
        return torch.einsum("tc,ncp->nt", self.project(self.query), keys)


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3), head(3)

    def forward(self, x):
        return self.head(self.norm(self.conv(self.norm(self.conv(x)).relu())))


class Binary(nn.Module):
    """No gradient reaches the images."""

    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, 3), head(4)

    def forward(self, x):
        return self.head(self.conv((x > 0).to(x)).relu())


def conv(**settings):
    return nn.Sequential(nn.Conv2d(3, 6, **{"kernel_size": 3} | settings), nn.ReLU(), head(6))


MODELS = {
    "everything": everything,
    "odd module": lambda: nn.Sequential(nn.Conv2d(3, 4, 3), Scale(), nn.ReLU(), head(4)),
    "functional use": FunctionalUse,
    "query": lambda: Query(4),
    "one query for each image": lambda: Query(5),
    "twice": Twice,
    "binary": Binary,
    "weight norm": lambda: nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3)), head(4)),
    "spectral norm": lambda: nn.Sequential(nn.utils.spectral_norm(nn.Conv2d(3, 4, 3)), nn.ReLU(), head(4)),
    "tokens": lambda: nn.Sequential(
        nn.Flatten(2), nn.Linear(64, 5), nn.LayerNorm(5), nn.Flatten(), nn.Linear(15, 4)
    ),
    "stride": lambda: conv(stride=2, padding=1),
    "dilation": lambda: conv(dilation=2),
    "groups": lambda: conv(groups=3, kernel_size=(3, 2)),
    "same": lambda: conv(padding="same", dilation=(1, 2)),
    "circular": lambda: conv(padding=2, padding_mode="circular", stride=2),
    "reflect": lambda: conv(padding="same", padding_mode="reflect", kernel_size=4),
    "replicate": lambda: conv(padding=(1, 2), padding_mode="replicate"),
}


def passes_of(model, x):
    passes = Passes(model, x, torch.zeros(len(x), dtype=torch.int64))
    network = passes.network().eval()
    return passes, network


def leading(model, x):
    passes, network = passes_of(model, x)
    return leading_gradients(
        passes.plan(network),
        passes.parameters(network),
        lambda rows, watch: passes.logits(network, rows, watch=watch),
        x,
    )


def one_by_one(model, x):
    """The same by a backward pass an image and class."""
    passes, network = passes_of(model, x)
    pieces, parameters = passes.plan(network).tensors, passes.parameters(network)
    found = torch.zeros(*model(x.clone()).shape, len(pieces), dtype=x.dtype)
    for n, row in enumerate(x):
        for c, logit in enumerate(passes.logits(network, row[None])[0]):
            used = [parameters[piece.parameter] for piece in pieces]
            gradients = torch.autograd.grad(logit, used, retain_graph=True, allow_unused=True)
            for i, (piece, g) in enumerate(zip(pieces, gradients, strict=True)):
                found[n, c, i] = 0 if g is None else piece.read(g).flatten()[0]
    return [piece.parameter for piece in pieces], found


def check(model, x):
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2)
            if isinstance(module, nn.BatchNorm2d | nn.LayerNorm) and module.weight is not None:
                module.weight.normal_()
    model.eval()
    logits, found = leading(model, x)
    assert torch.allclose(logits, model(x.clone()))
    names, expected = one_by_one(model, x)
    assert torch.allclose(found, expected, rtol=1e-8, atol=1e-10)
    parameters = {n: p.detach() for n, p in model.named_parameters()}
    jacobian = jacrev(lambda w: functional_call(model, w, (x.clone(),)))(parameters)
    for name, j in jacobian.items():
        if names.count(name) == 1:
            assert torch.allclose(found[..., names.index(name)], j.flatten(2)[..., 0], rtol=1e-8, atol=1e-10)


@pytest.mark.filterwarnings("ignore:There is a performance drop")
@pytest.mark.parametrize("kind", MODELS)
def test_against_jacrev(kind):
    torch.manual_seed(0)
    check(MODELS[kind]().double(), torch.randn(5, 3, 8, 8).double())


@pytest.mark.parametrize("kind", ["resnet", "mobilenet", "convnext", "shared_weights", "group_norm"])
def test_networks_against_jacrev(kind):
    torch.manual_seed(0)
    model = NETWORKS[kind]().double()
    if kind == "shared_weights":
        model = nn.Sequential(model, First())
    check(model, torch.randn(3, 3, 32, 32).double())


class First(nn.Module):
    def forward(self, outputs):
        return outputs[0]


@pytest.mark.parametrize("kind", ["everything", "functional use", "tokens"])
def test_float32(kind):
    torch.manual_seed(0)
    model = MODELS[kind]().eval()
    x = torch.randn(5, 3, 8, 8)
    _, single = leading(model, x)
    _, double = leading(model.double(), x.double())
    assert torch.allclose(single.double(), double, rtol=1e-3, atol=1e-5)


def test_logits_that_depend_on_no_parameter():
    x = torch.randn(2, 3, 2, 2)
    assert leading(nn.Flatten(), x) is None

    class Idle(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 2)

        def forward(self, x):
            return x.flatten(1)

    assert leading(Idle(), x) is None


def test_batchnorm_that_keeps_no_statistics_mixes_images():
    model = nn.Sequential(nn.BatchNorm2d(3, track_running_stats=False), nn.Flatten(), nn.Linear(12, 2)).eval()
    with pytest.raises(CrozeError, match="running statistics"):
        leading(model, torch.randn(2, 3, 2, 2))
