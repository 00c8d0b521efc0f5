import json

import numpy as np
import pytest
from scipy.stats import spearmanr

from croze.errors import CrozeError
from croze.ranking.columns import every_column
from croze.truth import open_truth
from croze.truth.nas_robbench201 import COLUMNS
from croze.truth.selection import shared_cells

CELLS = (
    "|none~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|",
    "|none~0|+|none~0|none~1|+|none~0|none~1|nor_conv_1x1~2|",
    "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|none~2|",
)
ROW = [k / 20 for k in range(18)]


@pytest.fixture
def folder(tmp_path):
    meta = {"ids": {str(k): {"nb201-string": cell, "isomorph": "0"} for k, cell in enumerate(CELLS)}}
    meta["ids"]["2"]["isomorph"] = "2"
    (tmp_path / "meta.json").write_text(json.dumps(meta))
    (tmp_path / "sample.json").write_text(f"acc={json.dumps({'2': ROW[::-1], '0': ROW, '1': '0'})}")
    return tmp_path


@pytest.mark.parametrize(("dataset", "first"), [("cifar10", 0), ("CIFAR100", 6), ("ImageNet16-120", 12)])
def test_each_data_set_has_its_six_columns(folder, dataset, first):
    truth = open_truth(f"nas-robbench201:{folder / 'sample.json'}", dataset)
    assert truth.architectures == (CELLS[2], CELLS[0], CELLS[1])
    assert truth.representative.tolist() == [0, 1, 1]
    for k, name in enumerate(COLUMNS):
        assert truth.values(name).tolist() == [ROW[::-1][first + k], ROW[first + k], ROW[first + k]]
    assert [column.name for column in every_column(truth).columns] == list(COLUMNS)
    assert set(truth.provenance.sha256) == {"sample.json", "meta.json"}


def test_python_literals_and_numbers_elsewhere(folder):
    (folder / "acc.txt").write_text(f"acc = {{0: {ROW}, 1: 0, 2: '7'}}")
    (folder / "else").mkdir()
    (folder / "meta.json").rename(folder / "else" / "numbers.json")
    truth = open_truth(
        f"nas-robbench201:{folder / 'acc.txt'}?ids={folder / 'else' / 'numbers.json'}", "cifar10"
    )
    assert truth.architectures == CELLS[:2]  # the twin of the third is not there


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "fetch the file again"),
        ('acc={"0": [0.5', "fetch the file again"),
        ('acc={"0": [0.5]}', "1 values"),
        (f"acc={{'0': {[1.5] * 18}}}", "outside"),
        (f"acc={{'9': {ROW}}}", "no cell 9"),
        ("acc=__import__('os')", "fetch the file again"),
        ("acc=[1]", "fetch the file again"),
    ],
)
def test_what_is_not_the_benchmark(folder, content, says):
    (folder / "sample.json").write_text(content)
    with pytest.raises(CrozeError, match=says):
        open_truth(f"nas-robbench201:{folder / 'sample.json'}", "cifar10")


def test_missing_files_are_named(folder):
    with pytest.raises(CrozeError, match="Cannot read"):
        open_truth(f"nas-robbench201:{folder / 'nothing'}", "cifar10")
    (folder / "meta.json").unlink()
    with pytest.raises(CrozeError, match=r"\?ids=PATH"):
        open_truth(f"nas-robbench201:{folder / 'sample.json'}", "cifar10")


def test_the_sample_belongs_to_robust_nasbench201(shared_data):
    """Clean accuracies after the two trainings go together; with wrong numbers they would not."""
    sample = shared_data / "nas_robbench201" / "sample.json"
    meta = shared_data / "robust_nb201" / "meta.json"
    adversarial = open_truth(f"nas-robbench201:{sample}?ids={meta}", "cifar10")
    standard = open_truth(f"robust-nb201:{meta.parent}", "cifar10")
    cells, columns = shared_cells([standard, adversarial])
    assert len(cells) == len(adversarial.distinct) == 300
    first, second = (measured["clean"] for measured in columns)
    assert spearmanr(first, second).statistic > 0.95
    few, of_few = shared_cells([standard, adversarial], 50)
    assert few == cells[:50]
    assert np.array_equal(of_few[1]["pgd@8"], columns[1]["pgd@8"][:50])
    halves = [shared_cells([standard, adversarial], half=half)[0] for half in ("choose", "report")]
    assert sorted(halves[0] + halves[1]) == sorted(cells)
    with pytest.raises(CrozeError, match="share 300 distinct architectures, asked for 301"):
        shared_cells([standard, adversarial], 301)
