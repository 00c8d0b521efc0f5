from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from croze.errors import CrozeError
from croze.ranking.columns import every_column
from croze.spaces.darts import Darts
from croze.truth import open_truth

PAIRS = [
    ["sep_conv_3x3", 0],
    ["skip_connect", 1],
    ["max_pool_3x3", 2],
    ["sep_conv_3x3", 0],
    ["dil_conv_3x3", 2],
    ["skip_connect", 0],
    ["max_pool_3x3", 2],
    ["sep_conv_5x5", 1],
]
SWAPPED = [PAIRS[1], PAIRS[0], *PAIRS[2:]]


def entry(normal: Any = PAIRS, clean: float = 75.4, attacked: float = 42.0) -> dict[str, Any]:
    genotype = {
        "normal": normal,
        "normal_concat": [2, 3, 4, 5],
        "reduce": PAIRS,
        "reduce_concate": [2, 3, 4, 5],
    }
    return {
        "seed": 0,
        "net": {"genotype": genotype, "width": 16, "depth": 8},
        "adversarial_param": {"adv_loss": "pgd", "epsilon": 0.03137254901960784, "num_steps": 7},
        "max_test_top1_original": clean,
        "max_test_top1_adv": attacked,
    }


def opened(folder: Path, content: Any, dataset: str = "cifar10"):
    file = folder / "cells.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return open_truth(f"tiny-robustbench:{file}", dataset)


def test_columns_space_and_size(tmp_path):
    other = [["sep_conv_5x5", 0], *PAIRS[1:]]
    truth = opened(tmp_path, [entry(), entry(other, 70, 30.5)], "CIFAR10")
    assert (truth.space, dict(truth.network)) == ("darts", {"layers": 8, "channels": 16})
    assert {name: values.tolist() for name, values in truth.columns.items()} == {
        "clean": [0.754, 0.7],
        "pgd@8": [0.42, 0.305],
    }
    assert [column.name for column in every_column(truth).columns] == ["clean", "pgd@8"]
    for architecture in truth.architectures:
        assert str(Darts().parse(architecture)) == architecture


def test_seeds_of_a_cell_are_averaged_and_isomorphic_cells_are_twins(tmp_path):
    truth = opened(tmp_path, [entry(clean=70), entry(clean=80), entry(SWAPPED, clean=65)])
    assert len(truth) == 2
    assert len(truth.distinct) == 1
    assert truth.values("clean") == pytest.approx([0.7, 0.7])
    assert truth.values("clean-of-string") == pytest.approx([0.75, 0.65])


def changed(change: Any) -> list[Any]:
    entries = copy.deepcopy([entry(), entry([["sep_conv_5x5", 0], *PAIRS[1:]])])
    change(entries[1])
    return entries


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[{", "is not complete JSON.*fetch the file again"),
        ("{}", "must hold a list of trained cells; it holds dict"),
        ("[]", "must hold a list"),
        ("[1]", "entry 0 is no trained cell"),
        (changed(lambda e: e.pop("net")), "entry 1 is no trained cell .it lacks 'net'"),
        (changed(lambda e: e["net"].pop("width")), "lacks 'width'"),
        (changed(lambda e: e["net"]["genotype"]["normal"].pop()), "entry 1 .*normal"),
        (changed(lambda e: e.update(max_test_top1_adv=101)), "in percent, got 101"),
        (changed(lambda e: e.update(max_test_top1_adv=True)), "in percent, got True"),
        (changed(lambda e: e.update(max_test_top1_original=None)), "in percent, got None"),
        (changed(lambda e: e["net"].update(depth=20)), "entry 1 was trained as .*20.*keep those apart"),
        (changed(lambda e: e["adversarial_param"].update(epsilon=0.1)), "entry 1 was trained as"),
    ],
)
def test_files_that_are_not_as_described(tmp_path, content, message):
    with pytest.raises(CrozeError, match=message):
        opened(tmp_path, content)


def test_no_file_and_another_data_set(tmp_path):
    with pytest.raises(CrozeError, match=r"Cannot read tiny-robustbench from .*none\.json"):
        open_truth(f"tiny-robustbench:{tmp_path / 'none.json'}", "cifar10")
    with pytest.raises(CrozeError, match="has the data set cifar10, got 'cifar100'"):
        opened(tmp_path, [entry()], "cifar100")


def test_the_sample(shared_data):
    file = shared_data / "tiny_robustbench" / "sample.json"
    truth = open_truth(f"tiny-robustbench:{file}", "cifar10")
    entries = json.loads(file.read_text())
    assert len(truth) == len(truth.distinct) == len(entries) == 20
    assert [round(100 * v, 4) for v in truth.values("pgd@8")] == [e["max_test_top1_adv"] for e in entries]
    assert [round(100 * v, 4) for v in truth.values("clean")] == [
        e["max_test_top1_original"] for e in entries
    ]
    assert dict(truth.network) == {"layers": 8, "channels": 16}
