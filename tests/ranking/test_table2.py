from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from croze.errors import CrozeError
from croze.ranking.columns import ColumnSet, table2
from croze.truth import Truth, open_truth

Write = Callable[..., Path]


def names(table: ColumnSet) -> list[str]:
    return [column.name for column in table.columns]


def corruptions(table: ColumnSet, column: str) -> list[str]:
    groups = next(c.groups for c in table.columns if c.name == column)
    for group in groups:
        kind = group[0].partition("@")[0]
        assert group == tuple(f"{kind}@{severity}" for severity in range(1, 6))
    return [group[0].partition("@")[0] for group in groups]


def test_the_paper_leaves_out_two_corruptions_and_moves_one(tiny: Truth) -> None:
    paper, usual = table2(tiny), table2(tiny, "usual")
    assert names(paper) == names(usual) == ["clean", "fgsm8", "fgsm4", "weather", "noise", "blur", "digital"]
    assert corruptions(paper, "weather") == ["snow", "fog", "frost"]
    assert corruptions(paper, "digital") == ["contrast", "brightness", "jpeg_compression"]
    assert corruptions(usual, "weather") == ["snow", "frost", "fog", "brightness"]
    assert corruptions(usual, "digital") == ["contrast", "elastic_transform", "pixelate", "jpeg_compression"]
    for table in (paper, usual):
        assert corruptions(table, "noise") == ["gaussian_noise", "shot_noise", "impulse_noise"]
        assert corruptions(table, "blur") == ["defocus_blur", "glass_blur", "motion_blur", "zoom_blur"]
    assert len(paper.raw) == 3 + 13 * 5
    assert len(usual.raw) == 3 + 15 * 5


def test_a_value_is_the_mean_of_means(tiny: Truth) -> None:
    table = table2(tiny)
    rho = np.random.default_rng(0).random((4, 2, len(table.raw)))
    values = table.combined(rho)
    assert values.shape == (4, 2, 8)
    place = {name: i for i, name in enumerate(table.raw)}
    np.testing.assert_array_equal(values[..., 1], rho[..., place["fgsm@8"]])
    weather = [
        np.mean([rho[..., place[f"{kind}@{s}"]] for s in range(1, 6)], axis=0)
        for kind in ("snow", "fog", "frost")
    ]
    np.testing.assert_allclose(values[..., 3], np.mean(weather, axis=0), atol=1e-15)
    np.testing.assert_allclose(values[..., 7], values[..., :7].mean(axis=-1), atol=1e-15)


def test_an_undefined_member_leaves_only_its_own_value_and_the_mean_undefined(tiny: Truth) -> None:
    table = table2(tiny)
    rho = np.zeros(len(table.raw))
    rho[table.raw.index("fog@2")] = np.nan
    assert np.isnan(table.combined(rho)).tolist() == [False, False, False, True, False, False, False, True]


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        ("cifar100", ["clean", "fgsm4", "weather", "noise", "blur", "digital"]),
        ("imagenet16-120", ["clean", "fgsm4"]),
    ],
)
def test_other_data_sets_have_the_printed_columns(
    tiny_folder: Write, dataset: str, expected: list[str]
) -> None:
    truth = open_truth(f"robust-nb201:{tiny_folder(dataset)}", dataset)
    assert "fgsm@8" in truth.columns
    assert names(table2(truth)) == expected


def test_columns_without_files_are_absent(tiny_folder: Write) -> None:
    root = tiny_folder(skip=("fgsm@Linf", "frost"))
    assert names(table2(open_truth(f"robust-nb201:{root}", "cifar10"))) == [
        "clean",
        "noise",
        "blur",
        "digital",
    ]


def test_nothing_to_fill(tiny_folder: Write) -> None:
    root = tiny_folder("imagenet16-120", skip=("fgsm@Linf", "clean"))
    truth = open_truth(f"robust-nb201:{root}", "imagenet16-120")
    with pytest.raises(CrozeError, match="fills no column of Table 2 for imagenet16-120"):
        table2(truth)


def test_unknown_convention(tiny: Truth) -> None:
    with pytest.raises(CrozeError, match="paper, usual, got 'mine'"):
        table2(tiny, "mine")
