from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from croze.corruptions.names import CORRUPTIONS, SEVERITIES
from croze.errors import CrozeError
from croze.ranking.columns import every_column, judged_columns, printed_columns, table2
from croze.truth import Provenance, Truth, open_truth


def test_every_attack_every_corruption_and_their_mean(tiny: Truth) -> None:
    table = every_column(tiny)
    names = [column.name for column in table.columns]
    attacks = [f"{attack}@{e}" for attack in ("fgsm", "pgd", "apgd-ce", "square") for e in ("0.1", "4", "8")]
    assert names[:13] == ["clean", *attacks]
    assert names[13], names[-1] == ("gaussian_noise", "corruptions")
    assert len(names) == 1 + 12 + 15 + 1
    score = np.arange(len(tiny), dtype=float)
    rho = {name: spearmanr(score, tiny.values(name)).statistic for name in table.raw}
    found = dict(
        zip((*names, "mean"), table.combined(np.array([rho[name] for name in table.raw])), strict=True)
    )
    assert found["fgsm@8"] == rho["fgsm@8"]
    fog = np.mean([rho[f"fog@{s}"] for s in range(1, 6)])
    assert found["fog"] == pytest.approx(fog)
    assert found["corruptions"] == rho["corruptions"]


def test_without_one_corruption_there_is_no_mean(tiny_folder: Callable[..., Path]) -> None:
    table = every_column(open_truth(f"robust-nb201:{tiny_folder(skip=('fog', 'clean'))}", "cifar10"))
    names = [column.name for column in table.columns]
    assert "snow" in names
    assert not {"fog", "clean", "corruptions"} & set(names)


def test_a_truth_without_any_of_them(tiny: Truth) -> None:
    with pytest.raises(CrozeError, match=r"no column to compare .* for cifar10.*got clean-of-string"):
        every_column(replace(tiny, columns={"clean-of-string": tiny.values("clean")}))
    own = every_column(replace(tiny, columns={"speed": tiny.values("clean")}))
    assert [(column.name, column.kind) for column in own.columns] == [("speed", "other")]


def truth_with(columns, *, space="nasbench201", dataset="cifar10"):
    values = np.linspace(0.1, 0.9, 4)
    names = tuple("abcd")
    twin = np.arange(4, dtype=np.int64)
    return Truth("some", dataset, names, twin, dict.fromkeys(columns, values), Provenance("", {}), space)


def test_table_2_where_all_of_it_is_there():
    corruptions = [f"{kind}@{severity}" for kind in CORRUPTIONS for severity in SEVERITIES]
    whole = truth_with(["clean", "fgsm@8", "fgsm@4", *corruptions])
    assert [c.name for c in printed_columns(whole).columns] == [c.name for c in table2(whole).columns]
    some = truth_with(["clean", "fgsm@8", "pgd@8", "autoattack"])
    assert [c.name for c in printed_columns(some).columns] == ["clean", "fgsm@8", "pgd@8", "autoattack"]
    elsewhere = truth_with(["clean", "pgd@8"], space="darts")
    assert [c.name for c in printed_columns(elsewhere).columns] == ["clean", "pgd@8"]
    for truth in (whole, some, elsewhere):
        with pytest.raises(CrozeError, match=r"^The conventions are paper, usual, got 'mine'\.$"):
            printed_columns(truth, "mine")


def test_columns_to_judge_by():
    standard = truth_with(["clean", "fgsm@8", "pgd@8", "corruptions"])
    assert judged_columns(standard).names == (
        "clean",
        "fgsm@8",
        "corruptions",
    )
    adversarial = truth_with(["clean", "fgsm@3", "pgd@8", "autoattack"])
    assert judged_columns(adversarial).names == (
        "clean",
        "pgd@8",
        "autoattack",
    )
    assert judged_columns(truth_with(["a", "b", "c", "d"])).names == (
        "a",
        "b",
        "c",
    )
    assert judged_columns(standard, "pgd@8, clean,pgd@8").names == (
        "pgd@8",
        "clean",
    )
    with pytest.raises(CrozeError, match="some has no column 'pgd@9' for cifar10"):
        judged_columns(standard, "pgd@9")
