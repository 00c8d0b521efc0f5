import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from croze.scoring.score import score


def least_eigenvalue(channels):
    with np.errstate(invalid="ignore", divide="ignore"):
        correlations = np.nan_to_num(np.corrcoef(channels))
    return np.linalg.eigvalsh(correlations).min()


MAPS = (nn.Conv2d, nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d, nn.ReLU, nn.PReLU, nn.LeakyReLU, nn.ELU)
"""Modules whose outputs are maps."""


@pytest.mark.parametrize(
    ("network", "maps"), [("plain_cnn", 4), ("resnet", 14), ("group_norm", 8), ("lenet", 1)]
)
def test_least_eigenvalues_by_numpy(network, maps, double16, build, monkeypatch):
    model, seen = build(network), []

    def note(output):
        if output.ndim == 4 and output[0, 0].numel() > 1:
            seen.append(output[0].flatten(1).numpy().copy())
        return output

    with monkeypatch.context() as patch:
        if network == "resnet":  # which calls its last rectifier as a function
            relu = functional.relu
            patch.setattr(functional, "relu", lambda x, inplace=False: note(relu(x, inplace)))
        kinds = [kind for kind in MAPS if network != "resnet" or kind is not nn.ReLU]
        handles = [
            m.register_forward_hook(lambda m, i, o: (note(o), None)[1])
            for m in model.modules()
            if isinstance(m, tuple(kinds))
        ]
        with torch.no_grad():
            model(torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)).double())
    for handle in handles:
        handle.remove()
    assert len(seen) == maps
    expected = [max(least_eigenvalue(channels), 0) for channels in seen]
    found = score(model, double16, "meco")
    assert [layer.terms["eigenvalue"] for layer in found.layers] == pytest.approx(expected, abs=1e-10)
    assert found.value == pytest.approx(sum(expected), abs=1e-9)


def test_dependent_and_constant_channels_add_nothing(double16):
    dependent, constant = (
        nn.Sequential(nn.Conv2d(3, 4, 1), nn.Flatten(), nn.Linear(4096, 10)).double() for _ in range(2)
    )
    with torch.no_grad():
        dependent[0].weight[3] = dependent[0].weight[1] - dependent[0].weight[2]
        constant[0].weight[0] = 0
    assert score(dependent, double16, "meco").value == pytest.approx(0, abs=1e-12)
    assert score(constant, double16, "meco").value == 0


def test_linear_layers_keep_channels_last(double16, build):
    """In ConvNeXt's block `down` gives 12 channels of 8 x 8 positions."""
    model, seen = build("convnext"), []
    handle = model[1].down.register_forward_hook(lambda m, i, o: seen.append(o[0].flatten(0, 1).T.numpy()))
    with torch.no_grad():
        model(torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)).double())
    handle.remove()
    terms = [layer.terms["eigenvalue"] for layer in score(model, double16, "meco").layers]
    norm, down = terms[2], terms[5]
    assert down == pytest.approx(least_eigenvalue(seen[0]), abs=1e-12)
    assert norm == pytest.approx(0, abs=1e-12), "channels that sum to zero are dependent"


def test_the_batch_does_not_enter(digits, double16, build):
    assert (
        score(build("plain_cnn"), digits, "meco").value == score(build("plain_cnn"), double16, "meco").value
    )


@pytest.mark.parametrize("bias", [0.1, 1 / 3, 12345.678])
def test_a_constant_channel_is_found_by_its_values_not_by_its_mean(bias, double16):
    """In 15 x 15 positions the mean of a constant is not the constant to the last bit."""
    model = nn.Sequential(nn.Conv2d(3, 4, 18), nn.Flatten(), nn.Linear(900, 10)).double()
    with torch.no_grad():
        model[0].weight.zero_()
        model[0].bias.fill_(bias)
    assert score(model, double16, "meco").value == 0
