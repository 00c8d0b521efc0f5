"""What happens where there is nothing to measure: a reason, never an exception, never a made-up number."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from croze.proxies import PROXIES
from croze.scoring.score import score
from croze.testing.networks import plain_cnn
from croze.testing.proxies import check_score


class Overflowing(nn.Module):
    """Infinite logits in float32, finite ones in float64."""

    def __init__(self):
        super().__init__()
        self.net = plain_cnn()

    def forward(self, x):
        return self.net(x) * 1e38 * 1e38


def poisoned():
    model = plain_cnn()
    with torch.no_grad():
        model[0].bias.fill_(torch.nan)
    nn.init.constant_(model[2].weight, torch.nan)
    return model


def five_classes():
    model = plain_cnn()
    model[6] = nn.Linear(16, 5)
    return model


def batchnorm_of_vectors():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(3072, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 8), nn.Linear(8, 10)
    )


def weightless():
    return nn.Sequential(nn.MaxPool2d(8), nn.ReLU(), nn.Flatten())


def frozen():
    return plain_cnn().requires_grad_(False)


def fails(proxy, model, batch, reason):
    found = score(model, batch, proxy)
    check_score(found)
    assert not found.ok, found.value
    assert reason in found.reason
    assert "\n" not in found.reason


def succeeds(proxy, model, batch):
    found = score(model, batch, proxy)
    check_score(found)
    assert found.ok, found.reason


DATA_FREE = {
    "synflow": "one input of ones",
    "zen": "16 noise images",
    "linear-regions": "1000 noise images",
    "params": "no pass",
    "flops": "no pass",
    "l2-norm": "no pass",
}

COMPARES_IMAGES = {
    "robust-zcp": "at least 2 images",
    "naswot": "at least 2 images",
    "swap": "at least 2 images",
    "swap-reg": "at least 2 images",
    "jacob-cov": "at least 2 images",
    "epe-nas": "at least 2 images",
    "ntk": "at least 2 images",
    "zico": "at least 2 images",
}


@pytest.mark.parametrize("proxy", PROXIES)
def test_one_image(proxy, digits16):
    one = replace(digits16, images=digits16.images[:1], labels=digits16.labels[:1])
    if proxy in COMPARES_IMAGES:
        fails(proxy, plain_cnn(), one, COMPARES_IMAGES[proxy])
    else:
        succeeds(proxy, plain_cnn(), one)


REMOVES_OR_EVALUATES = {
    "croze-official": "without BatchNorm",
    "vkdnw": "evaluation mode",
    "vkdnw-single": "evaluation mode",
}


@pytest.mark.parametrize("proxy", PROXIES)
def test_one_image_for_the_statistics_of_batchnorm(proxy, digits16):
    one = replace(digits16, images=digits16.images[:1], labels=digits16.labels[:1])
    model = batchnorm_of_vectors()
    if proxy == "linear-regions":
        fails(proxy, model, one, "takes no inputs of 3x3 pixels")
    elif proxy == "meco":
        fails(proxy, model, one, "no operation gives positions")
    elif proxy in DATA_FREE or proxy in REMOVES_OR_EVALUATES:
        succeeds(proxy, model, one)
    else:
        found = score(model, one, proxy)
        check_score(found)
        assert "more than 1 value per channel" in found.reason or COMPARES_IMAGES[proxy] in found.reason


def test_meco_takes_a_second_image_where_batchnorm_needs_one(digits16):
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, padding=1),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.BatchNorm2d(4),
        torch.nn.Flatten(),
        torch.nn.Linear(4, 10),
    )
    found = score(model, digits16, "meco")
    assert found.ok
    assert "a second noise image ran beside the first" in found.notes[0]


@pytest.mark.parametrize("proxy", PROXIES)
def test_labels_beyond_the_logits(proxy, digits16):
    if PROXIES[proxy].needs_labels and proxy != "epe-nas":
        fails(proxy, five_classes(), digits16, "label 9 lies beyond the model's 5 logits")
    else:  # epe-nas groups images by label and looks at no loss
        succeeds(proxy, five_classes(), digits16)


LOGITS_DO_NOT_ENTER = {
    "croze-official": "runs in float64, in which they are finite",
    "synflow": "runs in float64, in which they are finite",
    "smooth-features": "features of layers",
    "naswot": "signs in front of rectifiers",
    "swap": "signs in front of rectifiers",
    "swap-reg": "signs in front of rectifiers",
    "linear-regions": "signs in front of rectifiers",
    "zen": "the feature map",
    "meco": "feature maps",
    "az-expressivity": "outputs of blocks",
    "az-progressivity": "outputs of blocks",
    "az-trainability": "gradients between blocks",
    "live-params": "a gradient reaches every tensor",
    "params": "no pass",
    "flops": "no pass",
    "l2-norm": "no pass",
}


@pytest.mark.parametrize("proxy", PROXIES)
def test_logits_that_are_not_finite(proxy, digits16):
    if proxy in LOGITS_DO_NOT_ENTER:
        succeeds(proxy, Overflowing(), digits16)
    else:
        fails(proxy, Overflowing(), digits16, "not finite")


WEIGHTS_ARE_DRAWN_ANEW = {
    "zen",
    "az-expressivity",
    "az-progressivity",
    "az-trainability",
    "vkdnw",
    "vkdnw-single",
}
COUNTS = {"params", "live-params", "flops"}


@pytest.mark.parametrize("proxy", PROXIES)
def test_weights_that_are_no_numbers(proxy, digits16):
    if proxy in WEIGHTS_ARE_DRAWN_ANEW | COUNTS:
        succeeds(proxy, poisoned(), digits16)
    elif proxy == "synflow":
        fails(proxy, poisoned(), digits16, "nan")
    else:
        fails(proxy, poisoned(), digits16, "not finite")


@pytest.mark.parametrize("proxy", PROXIES)
def test_a_network_that_is_frozen_scores_like_one_that_is_not(proxy, digits16):
    torch.manual_seed(0)
    model = plain_cnn()
    trainable, found = score(model, digits16, proxy), score(model.requires_grad_(False), digits16, proxy)
    if proxy in ("params", "live-params"):
        assert found.value == 0
    elif proxy == "swap-reg":
        assert found.value < trainable.value, "its size is that of what is trained"
    else:
        assert found.value == trainable.value


ON_NO_WEIGHTS = {
    "params": "none",
    "live-params": "none",
    "flops": "none",
    "input-curvature": "the loss bends",
    "swap": "a rectifier",
    "swap-reg": "a rectifier",
    "meco": "the pooled map",
    "zen": "the pooled map",
    "jacob-cov": "a Jacobian",
    "epe-nas": "a Jacobian",
}
"""A network without weights is still a function: what these look at is there."""

NOTHING = {
    "naswot": "the same activation code",
    "ntk": "no gradient reaches any weight",
    "vkdnw": "no gradient reaches any parameter",
    "vkdnw-single": "no gradient reaches any parameter",
    "robust-zcp": "no gradient reaches a parameter tensor",
    "linear-regions": "takes no inputs of 3x3 pixels",
    "az-expressivity": "no blocks",
    "az-progressivity": "no blocks",
    "az-trainability": "fewer than 2 blocks",
    "l2-norm": "no layer has any norm",
    "gradsign": "no layer has any agreement",
}


@pytest.mark.parametrize("proxy", PROXIES)
def test_a_network_without_weights(proxy, digits16):
    if proxy in ON_NO_WEIGHTS:
        succeeds(proxy, weightless(), digits16)
    else:
        fails(proxy, weightless(), digits16, NOTHING.get(proxy, "the network has no layer"))


@pytest.mark.parametrize("proxy", PROXIES)
def test_a_network_that_raises(proxy, digits16):
    class Broken(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.second = nn.Linear(3, 3), nn.Linear(3, 3)

        def forward(self, x):
            raise RuntimeError("no such thing\nand more")

    if proxy == "params":
        succeeds(proxy, Broken(), digits16)
    else:
        fails(proxy, Broken(), digits16, "no such thing")


@pytest.mark.parametrize("proxy", ["zico", "gradsign", "gradnorm", "snip", "fisher", "swap(samples=16)"])
def test_gradients_and_weights_that_are_no_numbers(proxy, digits16):
    class Poisoned(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(3072, 8), nn.Linear(8, 10)

        def forward(self, x):
            y = torch.relu(self.a(x.flatten(1)))
            # a finite value whose gradient is not a number
            return self.b(y) + torch.where(
                y.sum(1, keepdim=True) > -1, 0.0, torch.sqrt(-y.sum(1, keepdim=True) - 1)
            )

    model = Poisoned()
    if proxy.startswith("swap"):
        with torch.no_grad():
            model.a.weight[0, 0] = float("nan")
    found = score(model, digits16, proxy)
    assert not found.ok
    assert "not finite" in found.reason or "not a number" in found.reason
