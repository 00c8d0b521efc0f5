import json
import shutil
from pathlib import Path

import pytest
import torch

from croze.errors import CrozeError
from croze.searching.run import SearchRun
from croze.spaces import open_space
from croze.training.network import NetworkSpec, SpaceNetwork

CELL = "|skip_connect~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|nor_conv_3x3~2|"
NETWORK = """
from torch import nn

def build():
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 10))
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "net_of_mine.py"
    path.write_text(NETWORK)
    return path


def weights(network):
    return [p.detach().clone() for p in network.parameters()]


def equal(one, other):
    return all(torch.equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))


@pytest.mark.parametrize(
    "subject",
    [
        NetworkSpec.from_space(CELL, channels=4, cells=1),
        NetworkSpec.from_space("DARTS-V2", layers=3, channels=4),
        NetworkSpec.from_space(CELL),
    ],
    ids=lambda s: s.space,
)
def test_it_comes_back_from_json(subject):
    again = NetworkSpec.from_json(json.loads(json.dumps(subject.to_json())))
    assert again == subject
    assert equal(again.build(10, 3), subject.build(10, 3))
    assert not equal(subject.build(10, 3), subject.build(10, 4))


def test_it_is_the_network_of_the_space():
    subject = NetworkSpec.from_space(CELL, channels=4, cells=1)
    space = open_space("nasbench201", channels=4, cells=1)
    assert equal(subject.build(7, 1), space.build(space.parse(CELL), classes=7, seed=1))


def test_a_file_of_ones_own(file):
    subject = NetworkSpec.from_file(f"{file}:build")
    assert subject.title == "net_of_mine.py:build"
    again = NetworkSpec.from_json(json.loads(json.dumps(subject.to_json())))
    assert equal(again.build(10, 0), subject.build(10, 0))
    file.write_text(NETWORK + "# another comment\n")
    with pytest.raises(CrozeError, match="has changed since"):
        subject.build(10, 0)


def test_an_auxiliary_head_where_the_space_has_one():
    darts = NetworkSpec.from_space("DARTS-V2", layers=3, channels=4)
    assert dict(darts.for_training((3, 32, 32)).settings)["auxiliary"] is True
    assert darts.for_training((3, 64, 64)) == darts
    # a search names every setting of its space, this one as False
    found = NetworkSpec.from_space("DARTS-V2", layers=3, channels=4, auxiliary=False)
    assert found.for_training((3, 32, 32)) == darts.for_training((3, 32, 32))
    cell = NetworkSpec.from_space(CELL)
    assert cell.for_training((3, 32, 32)) == cell


FOUND = Path(__file__).resolve().parents[1] / "reporting" / "found"


@pytest.fixture
def search(tmp_path):
    """Copies a search on file, some of its content replaced."""

    def copied(name, **changes):
        folder = Path(shutil.copytree(FOUND / name, tmp_path / name))
        content = json.loads((folder / "search.json").read_text())
        (folder / "search.json").write_text(json.dumps({**content, **changes}))
        return folder

    return copied


def test_the_winner_of_a_search(search):
    folder = search("search")
    run = SearchRun.load(folder)
    own = run.described["settings"]
    found = NetworkSpec.from_run(folder, channels=16)
    assert found == NetworkSpec.from_run(run, channels=16)
    assert found == SpaceNetwork(
        "nasbench201", (("cells", own["cells"]), ("channels", 16)), run.best.architecture
    )
    darts = NetworkSpec.from_run(search("darts"), layers=20)
    assert dict(darts.settings)["layers"] == 20
    assert darts.architecture == SearchRun.load(FOUND / "darts").best.architecture


def test_what_a_search_cannot_give(search):
    with pytest.raises(CrozeError, match="has not finished: run it to its end first"):
        NetworkSpec.from_run(search("unfinished"))
    with pytest.raises(CrozeError, match="found no architecture"):
        NetworkSpec.from_run(search("search", candidates=[]))
    described = {"name": "mine", "spec": None, "settings": {"width": 3}}
    with pytest.raises(CrozeError, match="of the space mine, one of your own: name it as `space`"):
        NetworkSpec.from_run(search("pareto", space=described))


def test_no_search(tmp_path):
    with pytest.raises(CrozeError, match=r"search\.json does not exist"):
        NetworkSpec.from_run(tmp_path)
    (tmp_path / "search.json").write_text("[]")
    with pytest.raises(CrozeError, match="must hold a JSON object"):
        NetworkSpec.from_run(tmp_path)
    with pytest.raises(CrozeError, match="describes no network"):
        NetworkSpec.from_json({})
