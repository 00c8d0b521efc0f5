"""What CONTRIBUTING says about adding a proxy, followed to the letter."""

import importlib.util
import re
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import torch

from croze.errors import CrozeError
from croze.proxies import parse_proxy
from croze.proxies.catalogue import GROUP
from croze.proxies.registry import PROXIES
from croze.scoring.score import score
from croze.testing.networks import NETWORKS
from croze.testing.proxies import check_proxy

TEXT = (Path(__file__).resolve().parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    section = TEXT[TEXT.index("## A new proxy") :]
    return re.search(rf"^```{language}\n(.*?)^```", section, re.DOTALL | re.MULTILINE)[1]


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The file of the example in a package, named in its entry points as the example names it."""
    package = tmp_path / "my_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "grad_std.py").write_text(block("python"), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    points = tomllib.loads(block("toml"))["project"]["entry-points"][GROUP]
    found = [EntryPoint(name, value, GROUP) for name, value in points.items()]
    monkeypatch.setattr(PROXIES, "_offered", {point.name: point for point in found})
    yield
    for name in [name for name in sys.modules if name.startswith("my_package")]:
        del sys.modules[name]
    PROXIES._loaded.pop("grad-std", None)


def test_it_is_found_by_name_with_arguments(installed):
    assert "grad-std" in list(PROXIES)
    assert parse_proxy("grad-std(power=2)").spec == "grad-std(power=2)"
    with pytest.raises(CrozeError, match="power of grad-std must be above 0"):
        parse_proxy("grad-std(power=0)")


@pytest.mark.parametrize("network", ["plain_cnn", "mobilenet", "vit", "shared_weights"])
def test_it_keeps_the_contract(installed, digits, network):
    found = check_proxy(parse_proxy("grad-std"), NETWORKS[network], digits)
    assert found.ok, found.reason
    assert found.layers


def test_it_gives_what_it_says(installed, digits):
    model = NETWORKS["mlp"]().double()
    loss = torch.nn.functional.cross_entropy(model(digits.normalised().double()), digits.labels)
    gradients = torch.autograd.grad(loss, [model[1].weight, model[3].weight])
    expected = sum(float(g.std()) for g in gradients)
    assert score(model, digits, "grad-std").value == pytest.approx(expected, rel=1e-6)
    assert importlib.util.find_spec("my_package.grad_std") is not None
