"""ntk against an explicit Jacobian by torch.func."""

from dataclasses import replace

import numpy as np
import pytest
from torch.func import functional_call, jacrev

from croze.proxies import PROXIES
from croze.scoring.score import score


@pytest.mark.parametrize("network", ["plain_cnn", "group_norm", "convnext", "mlp"])
def test_condition_number_by_jacrev(network, double16, build):
    model, x = build(network), double16.normalised()
    weights = {n: p.detach() for n, p in model.named_parameters() if n.endswith(("weight", "scale"))}
    jacobian = jacrev(lambda w: functional_call(model, w, (x.clone(),)).sum(dim=1))(weights)
    rows = np.concatenate([j.detach().flatten(1).numpy() for j in jacobian.values()], axis=1)
    singular = np.linalg.svd(rows, compute_uv=False)
    expected = (singular[0] / singular[-1]) ** 2
    assert score(model, double16, "ntk").value == pytest.approx(expected, rel=1e-5)


def test_less_is_better():
    assert not PROXIES["ntk"].higher_is_better


def test_equal_images_have_a_singular_kernel(double16, build):
    twice = replace(double16, images=double16.images[[0, 0, *range(2, 16)]])
    assert "the tangent kernel is singular" in score(build("mlp"), twice, "ntk").reason
