from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from croze.errors import CrozeError
from croze.truth import Truth, halves, open_truth
from croze.truth.classes import HALVES


def half_of(name: str) -> int:
    # The digest as a number is odd exactly when its last byte is.
    return hashlib.sha256(name.encode()).digest()[-1] % 2


def test_the_rule(tiny: Truth) -> None:
    expected = []
    for i in range(len(tiny)):
        members = [
            a
            for a, twin in zip(tiny.architectures, tiny.representative, strict=True)
            if twin == tiny.representative[i]
        ]
        expected.append(half_of(sorted(members)[0]))
    assert halves(tiny).tolist() == expected
    assert dict(HALVES) == {"choose": 0, "report": 1}


def test_no_class_is_on_both_sides(real: Truth) -> None:
    half = halves(real)
    np.testing.assert_array_equal(half, half[real.representative])
    assert np.bincount(half).tolist() == [8433, 7192]
    assert np.bincount(half[real.distinct]).tolist() == [3244, 3222]


def test_a_part_of_a_benchmark_has_the_halves_of_the_whole(
    real: Truth, shared_data: Path, tmp_path: Path
) -> None:
    whole = dict(zip(real.architectures, halves(real).tolist(), strict=True))
    robbench = shared_data / "nas_robbench201" / "sample.json"
    meta = shared_data / "robust_nb201" / "meta.json"
    # the largest string of each of some classes: the smallest, which names the class, is not there
    largest = sorted(
        {max(np.array(real.architectures)[real.representative == t]) for t in real.distinct[:60]}
    )
    assert {half_of(string) == whole[string] for string in largest} == {True, False}
    lines = "".join(f"{string},{50 + i / 9}\n" for i, string in enumerate(largest))
    (tmp_path / "own.csv").write_text(f"arch,clean\n{lines}")
    (tmp_path / "clean.csv").write_text(f"arch,cifar10_test_accuracy\n{lines}")
    for spec in (
        f"nas-robbench201:{robbench}?ids={meta}",
        f"csv:{tmp_path / 'own.csv'}",
        f"nasbench201:{tmp_path / 'clean.csv'}",
    ):
        for part in (open_truth(spec, "cifar10"), open_truth(spec, "cifar10")):  # the file, then the table
            assert halves(part).tolist() == [whole[string] for string in part.architectures]


def test_a_cell_of_darts_is_on_one_side_however_it_is_written(shared_data: Path, tmp_path: Path) -> None:
    from croze.spaces import open_space

    space = open_space("darts")
    published = open_truth(f"tiny-robustbench:{shared_data / 'tiny_robustbench' / 'sample.json'}", "cifar10")
    canonical = [str(space.canonical(space.parse(text))) for text in published.architectures]
    assert not set(canonical) & set(published.architectures)
    lines = "".join(f'"{string}",{50 + i}\n' for i, string in enumerate(canonical))
    (tmp_path / "own.csv").write_text(f"arch,clean\n{lines}")
    own = open_truth(f"csv:{tmp_path / 'own.csv'}?space=darts", "cifar10")
    assert halves(own).tolist() == halves(published).tolist() == [half_of(name) for name in canonical]


def test_names_go_with_the_classes(tiny: Truth) -> None:
    names = [f"class {twin}" for twin in tiny.representative]
    assert halves(replace(tiny, names=tuple(names)))[11] == half_of("class 0")
    for wrong in (names[:-1], [*names[:-1], "class 11"]):
        with pytest.raises(
            CrozeError, match="12 architectures need as many names of classes, members of one the same"
        ):
            replace(tiny, names=tuple(wrong))
