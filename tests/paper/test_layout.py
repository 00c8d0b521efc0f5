from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from croze.errors import CrozeError
from croze.paper.tables_1_2 import columns_of_table1, layout_of_table2
from croze.truth import Provenance, Truth, open_truth

CELLS = tuple(f"|{op}~0|+|none~0|none~1|+|none~0|none~1|none~2|" for op in ("none", "skip_connect"))


def adversarial(*names: str, name: str = "nas-robbench201", space: str = "nasbench201") -> Truth:
    columns = {column: np.array([0.1 + k / 10, 0.6]) for k, column in enumerate(names)}
    made = Provenance("memory", {})
    return Truth(name, "cifar10", CELLS, np.arange(2), columns, made, space, training="adversarial")


def test_table_2_is_filled_by_all_files(tiny):
    layout = layout_of_table2(tiny)
    assert (layout.name, layout.comparable, layout.empty) == ("table2/cifar10", True, {})
    assert layout.columns == layout.filled == layout.printed.columns[:-1]


def test_a_column_of_table_2_without_its_files_stays_empty(tiny_folder):
    folder = tiny_folder(skip=("fog", "elastic_transform", "fgsm@Linf"))
    layout = layout_of_table2(open_truth(f"robust-nb201:{folder}", "cifar10"))
    assert layout.filled == ("clean", "noise", "blur", "digital")
    assert dict(layout.empty) == {
        "fgsm8": "robust-nb201 as given has no FGSM at 8/255",
        "fgsm4": "robust-nb201 as given has no FGSM at 4/255",
        "weather": "robust-nb201 as given has no accuracies under snow, fog, frost at all severities",
    }
    usual = layout_of_table2(open_truth(f"robust-nb201:{folder}", "cifar10"), "usual")
    assert usual.filled == ("clean", "noise", "blur")
    assert "elastic_transform" in usual.empty["digital"]


@pytest.mark.parametrize(
    ("dataset", "columns"),
    [
        ("cifar100", ("clean", "fgsm4", "weather", "noise", "blur", "digital")),
        ("imagenet16-120", ("clean", "fgsm4")),
    ],
)
def test_the_other_data_sets_have_their_own_columns(tiny_folder, dataset, columns):
    layout = layout_of_table2(open_truth(f"robust-nb201:{tiny_folder(dataset)}", dataset))
    assert (layout.filled, layout.columns, layout.empty) == (columns, columns, {})
    assert layout.printed.name == f"table2/{dataset}"


def test_other_spaces_do_not_stand_beside_the_print(tiny):
    assert not layout_of_table2(replace(tiny, space="darts")).comparable
    assert not columns_of_table1(adversarial("clean", space="darts"))[1].comparable
    assert not columns_of_table1(replace(adversarial("clean"), dataset="cifar100"))[1].comparable
    assert columns_of_table1(adversarial("clean"))[1].comparable


def test_either_training_has_its_table(tiny):
    with pytest.raises(CrozeError, match="Table 2 is of standard training, nas-robbench201 of adversarial"):
        layout_of_table2(adversarial("clean"))
    with pytest.raises(CrozeError, match="Table 1 is of adversarial training, robust-nb201 of standard"):
        columns_of_table1(tiny)


@pytest.mark.parametrize("epsilon", ["8", "3"])
def test_table_1_with_what_nas_robbench201_has(epsilon):
    truth = adversarial("clean", "fgsm@3", "pgd@3", "fgsm@8", "pgd@8", "autoattack")
    known, layout = columns_of_table1(truth, epsilon)
    assert layout.filled == ("clean", "fgsm", "pgd", "hrs_fgsm", "hrs_pgd", "autoattack")
    assert list(layout.empty) == ["cw", "deepfool", "spsa", "lgv"]
    assert layout.empty["cw"].startswith(f"nas-robbench201 as given has no cw@{epsilon};")
    assert "GPU weeks" in layout.empty["lgv"]
    raw = dict(zip(layout.filled, layout.table.raw, strict=True))
    assert (raw["pgd"], raw["autoattack"]) == (f"pgd@{epsilon}", "autoattack")
    for name, attack in (("hrs_fgsm", "fgsm"), ("hrs_pgd", "pgd")):
        clean, robust = truth.values("clean"), truth.values(f"{attack}@{epsilon}")
        expected = 2 / (1 / clean + 1 / robust)
        np.testing.assert_allclose(known.values(raw[name]), expected, rtol=0, atol=1e-15)
    assert set(truth.columns) < set(known.columns)


def test_a_pool_fills_what_it_was_attacked_with():
    names = [f"{attack}@8" for attack in ("fgsm", "pgd", "cw", "deepfool", "spsa", "lgv", "autoattack")]
    _, layout = columns_of_table1(adversarial("clean", *names, name="pool"))
    assert layout.empty == {}
    assert layout.filled == layout.columns == layout.printed.columns[:-1]


def test_hrs_needs_both_accuracies():
    _, layout = columns_of_table1(adversarial("pgd@8"))
    assert layout.filled == ("pgd",)
    assert "has no clean;" in layout.empty["hrs_pgd"]
    assert "has no clean and fgsm@8;" in layout.empty["hrs_fgsm"]


def test_a_truth_without_any_column_is_refused():
    with pytest.raises(CrozeError, match=r"fills no column of Table 1: expected clean, .* got square@8"):
        columns_of_table1(adversarial("square@8"))


def test_the_sample_of_nas_robbench201(shared_data):
    file = shared_data / "nas_robbench201" / "sample.json"
    ids = shared_data / "robust_nb201" / "meta.json"
    known, layout = columns_of_table1(open_truth(f"nas-robbench201:{file}?ids={ids}", "cifar10"))
    first = json.loads(file.read_text().partition("=")[2].replace("'", '"'))["5487"]
    place = known.lookup(json.loads(ids.read_text())["ids"]["5487"]["nb201-string"])
    clean, pgd = first[0], first[4]
    assert known.values("hrs_pgd@8")[place] == pytest.approx(2 * clean * pgd / (clean + pgd), abs=1e-12)
    assert len(layout.filled) == 6
