from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from croze.benchmarks import Truth, every_column, open_truth
from croze.errors import CrozeError


def test_every_attack_every_corruption_and_their_mean(tiny: Truth) -> None:
    table = every_column(tiny)
    names = [column.name for column in table.columns]
    attacks = [f"{attack}@{e}" for attack in ("fgsm", "pgd", "apgd-ce", "square") for e in ("0.1", "4", "8")]
    assert names[:13] == ["clean", *attacks]
    assert names[13], names[-1] == ("gaussian_noise", "corruptions")
    assert len(names) == 1 + 12 + 15 + 1
    score = np.arange(len(tiny), dtype=float)
    rho = {name: spearmanr(score, tiny.values(name)).statistic for name in table.raw}
    found = dict(zip(names, table.figures(np.array([rho[name] for name in table.raw])), strict=True))
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
    with pytest.raises(CrozeError, match=r"no column to compare .* for cifar10.*got latency"):
        every_column(replace(tiny, columns={"latency": tiny.values("clean")}))
