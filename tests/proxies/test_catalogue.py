from dataclasses import dataclass
from importlib.metadata import EntryPoint

import pytest

from croze.errors import CrozeError
from croze.proxies import Measurement, Proxy, catalogue
from croze.proxies.catalogue import GROUP, Catalogue
from croze.proxies.size import Params


@dataclass(frozen=True)
class Foreign(Proxy):
    """Of another package."""

    name = "foreign"
    summary = "of another package"
    source = "a test"

    def measure(self, passes):
        return Measurement(1.0)


@pytest.fixture
def offered(monkeypatch):
    def offer(**points):
        found = [EntryPoint(name.replace("_", "-"), value, GROUP) for name, value in points.items()]
        monkeypatch.setattr(catalogue, "entry_points", lambda group: found if group == GROUP else [])
        return Catalogue({"params": Params})

    return offer


@pytest.fixture(autouse=True)
def module(monkeypatch):
    import sys
    import types

    made = types.ModuleType("foreign_package")
    made.Foreign, made.number = Foreign, 3
    monkeypatch.setitem(sys.modules, "foreign_package", made)


def test_a_package_adds_a_proxy(offered):
    found = offered(foreign="foreign_package:Foreign")
    assert list(found) == ["params", "foreign"]
    assert found["foreign"] is Foreign
    assert len(found) == 2


def test_it_is_imported_only_when_asked_for(offered):
    found = offered(foreign="no_such_package:Foreign")
    assert "foreign" in found
    assert found["params"] is Params
    with pytest.raises(
        CrozeError, match=r"The proxy 'foreign' \(no_such_package:Foreign\) cannot be imported"
    ):
        found["foreign"]
    with pytest.raises(KeyError):
        found["other"]


def test_what_is_no_proxy_is_refused(offered):
    with pytest.raises(
        CrozeError, match=r"must be a subclass of croze\.proxies\.Proxy whose name is 'number'"
    ):
        offered(number="foreign_package:number")["number"]
    with pytest.raises(CrozeError, match="whose name is 'another'"):
        offered(another="foreign_package:Foreign")["another"]


def test_nobody_takes_a_name_that_is_taken(offered):
    with pytest.raises(CrozeError, match="installed as the proxy 'params', a name that is taken"):
        list(offered(params="foreign_package:Foreign"))
