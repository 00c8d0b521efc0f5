from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from croze.errors import CrozeError
from croze.nn.count import parameter_count
from croze.ranking.columns import every_column
from croze.spaces import open_space
from croze.spaces.darts import Darts
from croze.truth import open_truth, read_published

CELL = (
    "[[(0, 0), (1, 5), (1, 1), (0, 1), (1, 3), (0, 3), (1, 3), (3, 2)], "
    "[(1, 0), (0, 2), (1, 3), (0, 3), (3, 0), (0, 1), (2, 0), (3, 6)]]"
)
OTHER = CELL.replace("(0, 0), (1, 5)", "(0, 1), (1, 5)")
TWIN = CELL.replace("(0, 0), (1, 5)", "(1, 5), (0, 0)")


def one(accuracy: Any = 93.5, snip: Any = 2.0) -> dict[str, Any]:
    return {
        "idx": "5",
        "val_accuracy": accuracy,
        "snip": {"score": snip, "time": 1.0},
        "params": {"score": 0.8},
    }


def written(folder: Path, content: Any) -> Path:
    file = folder / "zc.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def opened(file: Path, dataset: str = "cifar10"):
    return open_truth(f"nas-bench-301:{file}", dataset)


def test_column_space_and_size(tmp_path):
    truth = opened(written(tmp_path, {"cifar10": {CELL: one(), OTHER: one(90)}}), "CIFAR10")
    assert truth.values("clean-surrogate").tolist() == [0.935, 0.9]
    assert truth.architectures == (str(Darts().parse(CELL)), str(Darts().parse(OTHER)))
    assert (truth.space, dict(truth.network)) == ("darts", {"layers": 8, "channels": 32, "affine": False})
    assert [column.name for column in every_column(truth).columns] == ["clean-surrogate"]


def test_isomorphic_cells_are_twins(tmp_path):
    truth = opened(written(tmp_path, {"cifar10": {CELL: one(), TWIN: one(90), OTHER: one(80)}}))
    assert len(truth.distinct) == 2
    assert truth.values("clean-surrogate") == pytest.approx([0.9175, 0.9175, 0.8])
    assert truth.values("clean-surrogate-of-string").tolist() == [0.935, 0.9, 0.8]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"cifar10": {', "is not complete JSON"),
        ("[]", r"must hold \{data set"),
        ({"cifar10": []}, r"must hold \{data set"),
        ({"cifar100": {CELL: one()}}, "has cells of cifar100, asked for 'cifar10'"),
        ({"cifar10": {}}, "has cells of cifar10, asked for 'cifar10'"),
        ({"cifar10": {"[1]": one()}}, "is not a genotype"),
        ({"cifar10": {CELL: one("x")}}, "expected val_accuracy in percent .*got 'x'"),
        ({"cifar10": {CELL: one(101)}}, "got 101"),
        ({"cifar10": {CELL: 5}}, "got None"),
        ({"cifar10": {CELL: one(), CELL.replace(" ", ""): one()}}, "a second time"),
    ],
)
def test_files_that_are_not_as_described(tmp_path, content, message):
    with pytest.raises(CrozeError, match=message):
        opened(written(tmp_path, content))


def test_no_file(tmp_path):
    with pytest.raises(CrozeError, match=r"Cannot read nas-bench-301 from .*none\.json: No such file"):
        opened(tmp_path / "none.json")


def test_its_proxies_are_read_as_published_scores(tmp_path):
    file = written(tmp_path, {"cifar10": {CELL: one(), OTHER: one(snip=-1e8)}})
    found = read_published(file, ["snip", "params"], Darts().parse)
    assert found.architectures == (str(Darts().parse(CELL)), str(Darts().parse(OTHER)))
    np.testing.assert_array_equal(found.columns["snip"], [2.0, np.nan])
    assert found.columns["params"].tolist() == [0.8, 0.8]
    with pytest.raises(CrozeError, match=r"must have a score of snap .* it has snip, params"):
        read_published(file, ["snap"], Darts().parse)
    with pytest.raises(CrozeError, match="expected a number as snip, got 'x'"):
        read_published(written(tmp_path, {"cifar10": {CELL: one(snip="x")}}), ["snip"], Darts().parse)
    with pytest.raises(CrozeError, match="has cells of cifar10, asked for 'cifar100'"):
        read_published(file, ["snip"], Darts().parse, dataset="cifar100")


def test_the_published_file(shared_data):
    file = shared_data / "nas_bench_301" / "zc_nasbench301.json"
    truth = opened(file)
    raw = json.loads(file.read_text())["cifar10"]
    assert len(truth) == len(truth.distinct) == len(raw) == 725
    expected = [entry["val_accuracy"] / 100 for entry in raw.values()]
    assert truth.values("clean-surrogate").tolist() == expected
    theirs = read_published(file, ["params", "nwot"], Darts().parse)
    assert theirs.architectures == truth.architectures
    assert not np.isnan(theirs.columns["nwot"]).any()
    # the size that the truth names is the size that the table's parameters were counted at
    space = open_space(truth.space, **truth.network)
    for i in (0, 100, 724):
        with torch.device("meta"):
            model = space.build(space.parse(truth.architectures[i]), classes=10, seed=0)
        assert parameter_count(model) == round(theirs.columns["params"][i] * 1e6)
