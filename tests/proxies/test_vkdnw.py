"""vkdnw from an explicit Jacobian by torch.func, in evaluation mode."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.func import functional_call, jacrev

from croze.errors import CrozeError
from croze.proxies import parse_proxy
from croze.scoring.score import score


def entropy(model, images, smoothing, seed=0):
    model.eval()
    x = torch.randn(images, 3, 32, 32, generator=torch.Generator().manual_seed(seed)).double()
    parameters = {n: p.detach() for n, p in model.named_parameters()}
    jacobian = jacrev(lambda w: functional_call(model, w, (x.clone(),)))(parameters)
    first = torch.stack([j.detach().flatten(2)[..., 0] for j in jacobian.values()], dim=-1).numpy()
    logits = model(x.clone()).detach().numpy()
    information = 0
    for j, row in zip(first, logits, strict=True):
        p = np.exp(row - row.max()) / np.exp(row - row.max()).sum()
        p = (1 - smoothing) * p + smoothing / len(p)
        information = information + j.T @ (np.diag(p) - np.outer(p, p)) @ j / images
    deciles = np.quantile(np.maximum(np.linalg.eigvalsh(information), 0), np.arange(1, 10) / 10)
    shares = deciles / deciles.sum()
    return -sum(s * math.log(s) for s in shares if s > 0), len(parameters)


@pytest.mark.parametrize("smoothing", [0.05, 0.5])
@pytest.mark.parametrize("network", ["plain_cnn", "resnet", "convnext", "group_norm"])
def test_entropy_of_the_spectrum(network, smoothing, double16, build, initialised):
    expected, tensors = entropy(initialised(build(network), "kaiming", 3), 5, smoothing, seed=3)
    five = replace(double16, images=double16.images[:5], labels=double16.labels[:5])
    arguments = f"(smoothing={smoothing})"
    found = score(build(network), five, f"vkdnw{arguments}", seed=3).value
    assert found == pytest.approx(expected, rel=1e-6)
    single = score(build(network), five, f"vkdnw-single{arguments}", seed=3).value
    assert single == pytest.approx(tensors + expected / math.log(9), rel=1e-6)
    assert 0 <= single - tensors <= 1


@pytest.mark.parametrize("smoothing", [-0.1, 1.1])
def test_arguments_that_make_no_sense(smoothing):
    with pytest.raises(CrozeError, match="smoothing"):
        parse_proxy(f"vkdnw(smoothing={smoothing})")
