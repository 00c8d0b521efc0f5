from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from croze.corruptions.names import CORRUPTIONS
from croze.errors import CrozeError
from croze.ranking.columns import every_column, table2
from croze.truth import Truth, open_truth

Write = Callable[..., Path]


def read(root: Path, dataset: str = "cifar10") -> Truth:
    return open_truth(f"robust-nb201:{root}", dataset)


def edit(file: Path, change: Callable[[Any], Any]) -> None:
    content = json.loads(file.read_text())
    file.write_text(json.dumps(change(content) or content))


def accuracies(content: Any) -> dict[str, Any]:
    return next(iter(next(iter(content.values())).values()))["accuracy"]


def test_columns_carry_attack_and_epsilon_or_severity(tiny: Truth) -> None:
    assert (tiny.name, tiny.dataset, len(tiny)) == ("robust-nb201", "cifar10", 12)
    assert len(tiny.columns) == 1 + 4 * 3 + 15 * 5 + 1
    corrupted = [tiny.values(f"{kind}@{s}") for kind in CORRUPTIONS for s in range(1, 6)]
    assert np.allclose(tiny.values("corruptions"), np.mean(corrupted, axis=0), rtol=1e-12)
    for name in (
        "clean",
        "fgsm@0.1",
        "fgsm@8",
        "pgd@4",
        "apgd-ce@8",
        "square@4",
        "fog@1",
        "jpeg_compression@5",
    ):
        assert tiny.values(name).shape == (12,)


def test_twins_share_the_value_of_their_representative(tiny_folder: Write) -> None:
    root = tiny_folder()
    truth = read(root)
    written = accuracies(json.loads((root / "cifar10" / "fog_accuracy.json").read_text()))
    meta = json.loads((root / "meta.json").read_text())["ids"]
    for i, entry in meta.items():
        where = truth.lookup(entry["nb201-string"])
        assert where == int(i)
        assert truth.representative[where] == int(entry["isomorph"])
        for severity in range(5):
            assert truth.values(f"fog@{severity + 1}")[where] == written[entry["isomorph"]][severity]


def test_provenance_names_every_file_read(tiny_folder: Write) -> None:
    root = tiny_folder(skip=("fog",))
    provenance = read(root).provenance
    assert provenance.source == str(root)
    assert len(provenance.sha256) == 1 + 1 + 4 + 14
    for name, digest in provenance.sha256.items():
        assert digest == hashlib.sha256((root / name).read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("folder", "asked"), [("ImageNet16-120", "imagenet16-120"), ("imagenet16-120", "ImageNet16-120")]
)
def test_case_of_the_data_set_does_not_matter(tiny_folder: Write, folder: str, asked: str) -> None:
    truth = read(tiny_folder("imagenet16-120", folder), asked)
    assert truth.dataset == "imagenet16-120"
    assert "clean" in truth.columns


def test_absent_files_leave_their_columns_out(tiny_folder: Write) -> None:
    root = tiny_folder(skip=("fog", "pgd@Linf"))
    edit(root / "meta.json", lambda meta: meta["epsilons"].pop("pgd@Linf") and None)
    truth = read(root)
    assert not [name for name in truth.columns if name.startswith(("fog", "pgd"))]
    with pytest.raises(CrozeError, match=r"no column 'fog@1' for cifar10.*for example"):
        truth.values("fog@1")


def test_values_are_read_only(tiny: Truth) -> None:
    for array in (tiny.values("clean"), tiny.representative):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_unknown_architecture(tiny: Truth) -> None:
    with pytest.raises(CrozeError, match=r"robust-nb201 knows no architecture '\|foo\|'"):
        tiny.lookup("|foo|")


def test_missing_meta(tmp_path: Path) -> None:
    with pytest.raises(CrozeError, match=r"meta\.json, which is missing"):
        read(tmp_path)


def test_missing_folder_names_what_is_there(tiny_folder: Write) -> None:
    with pytest.raises(CrozeError, match=r"no folder for cifar100.*found cifar10"):
        read(tiny_folder(), "cifar100")


def test_unknown_data_set(tiny_folder: Write) -> None:
    with pytest.raises(CrozeError, match="cifar10, cifar100, imagenet16-120, got 'mnist'"):
        read(tiny_folder(), "mnist")


def test_folder_without_accuracies(tiny_folder: Write) -> None:
    root = tiny_folder()
    for file in (root / "cifar10").iterdir():
        file.unlink()
    with pytest.raises(CrozeError, match="holds no accuracies"):
        read(root)


@pytest.mark.parametrize("name", ["meta.json", "cifar10/clean_accuracy.json"])
def test_truncated_json(tiny_folder: Write, name: str) -> None:
    file = tiny_folder() / name
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(CrozeError, match=f"{name} is not complete JSON.*again"):
        read(file.parents[name.count("/")])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m["ids"].pop("3") and None, "numbered 0, 1, 2"),
        (lambda m: m["ids"]["3"].pop("isomorph") and None, "isomorph"),
        (lambda m: m["ids"]["3"].update(isomorph="x"), "isomorph"),
        (lambda m: m["ids"]["3"].update(isomorph="9" * 30), "isomorph"),
        (lambda m: m["ids"]["3"].update(isomorph="12"), "id 3 has 12"),
        (lambda m: m["ids"]["3"].update(isomorph="4"), "id 3 has 4"),
        (lambda m: m["ids"]["3"].update({"nb201-string": m["ids"]["2"]["nb201-string"]}), "1 repeat"),
        (lambda m: m["ids"].clear(), "no ids"),
        (lambda m: [1, 2], "ids"),
        (lambda m: m.pop("epsilons") and None, "list of numbers for fgsm@Linf"),
        (lambda m: m["epsilons"].update({"fgsm@Linf": ["a"]}), "list of numbers for fgsm@Linf"),
    ],
)
def test_broken_meta(tiny_folder: Write, change: Callable[[Any], Any], message: str) -> None:
    root = tiny_folder()
    edit(root / "meta.json", change)
    with pytest.raises(CrozeError, match=rf"meta\.json must .*{message}"):
        read(root)


@pytest.mark.parametrize(
    ("key", "change", "message"),
    [
        ("fog", lambda c: {"cifar100": c["cifar10"]}, '{"cifar10": {"fog"'),
        ("fog", lambda c: {"cifar10": {"snow": c["cifar10"]["fog"]}}, '{"cifar10": {"fog"'),
        ("fog", lambda c: {"cifar10": {"fog": {"accuracy": [1]}}}, '{"cifar10": {"fog"'),
        ("fog", lambda c: [1], '{"cifar10": {"fog"'),
        ("fog", lambda c: accuracies(c).pop("6") and None, "1 are missing, the first is id 6"),
        ("fog", lambda c: accuracies(c)["6"].pop() and None, "5 numbers for every id"),
        ("fog", lambda c: [a.pop() for a in accuracies(c).values()] and None, r"5 numbers .* \(9, 4\)"),
        ("fog", lambda c: accuracies(c).update({"6": ["a"] * 5}), "5 numbers for every id"),
        ("fog", lambda c: accuracies(c).update({"6": [0.1, 0.2, 1.5, 0.1, 0.1]}), r"\[0, 1\]; id 6 has 1.5"),
        ("fog", lambda c: accuracies(c).update({"6": [0.1, 0.2, None, 0.1, 0.1]}), r"\[0, 1\]; id 6 has nan"),
        ("pgd@Linf", lambda c: accuracies(c)["6"].append(0.5), "3 numbers for every id"),
        ("clean", lambda c: accuracies(c).update({"6": [0.5]}), "one number for every id"),
        ("clean", lambda c: accuracies(c).update({"6": -0.5}), r"\[0, 1\]; id 6 has -0.5"),
    ],
)
def test_broken_accuracies(tiny_folder: Write, key: str, change: Callable[[Any], Any], message: str) -> None:
    root = tiny_folder()
    edit(root / "cifar10" / f"{key}_accuracy.json", change)
    with pytest.raises(CrozeError, match=rf"cifar10/{key}_accuracy\.json must .*{message}"):
        read(root)


def test_registry() -> None:
    with pytest.raises(CrozeError, match=r"Unknown benchmark 'imagenet'.*robust-nb201"):
        open_truth("imagenet:/tmp", "cifar10")
    for spec in ("robust-nb201", "robust-nb201:"):
        with pytest.raises(CrozeError, match="write robust-nb201:PATH"):
            open_truth(spec, "cifar10")


def test_the_published_files(real: Truth) -> None:
    assert len(real) == 15625
    assert len(real.distinct) == 6466
    assert len(real.columns) == 1 + 11 + 3 * 7 + 15 * 5 + 1
    folder = Path(real.provenance.source)
    raw = accuracies(json.loads((folder / "cifar10" / "fgsm@Linf_accuracy.json").read_text()))
    epsilons = json.loads((folder / "meta.json").read_text())["epsilons"]["fgsm@Linf"]
    np.testing.assert_array_equal(
        real.values("fgsm@8")[real.distinct],
        [raw[str(i)][epsilons.index(8.0)] for i in real.distinct],
    )


def test_imagenet_has_attacks_and_no_corruptions(tiny_folder: Write) -> None:
    """As published: its folder is spelled with capitals and holds adversarial keys only."""
    root = tiny_folder("imagenet16-120", "ImageNet16-120", skip=CORRUPTIONS)
    truth = read(root, "ImageNet16-120")
    assert truth.dataset == "imagenet16-120"
    attacks = [f"{kind}@{e}" for kind in ("fgsm", "pgd", "apgd-ce", "square") for e in ("0.1", "4", "8")]
    assert list(truth.columns) == ["clean", *attacks]
    assert [column.name for column in every_column(truth).columns] == list(truth.columns)
    assert [column.name for column in table2(truth).columns] == ["clean", "fgsm4"]
    assert set(truth.provenance.sha256) == {
        "meta.json",
        *(
            f"ImageNet16-120/{key}_accuracy.json"
            for key in ("clean", "fgsm@Linf", "pgd@Linf", "aa_apgd-ce@Linf", "aa_square@Linf")
        ),
    }
    assert dict(truth.network) == {"channels": 16, "cells": 5}


def test_a_path_that_is_no_folder(tiny_folder: Write) -> None:
    with pytest.raises(CrozeError, match=r"needs .*meta\.json/meta\.json, which is missing"):
        read(tiny_folder() / "meta.json")


def test_files_that_may_not_be_read_are_named(tiny_folder: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tiny_folder()
    usual = Path.read_bytes

    def refuse(self: Path) -> bytes:
        if self.name == "fgsm@Linf_accuracy.json":
            raise PermissionError(13, "Permission denied", str(self))
        return usual(self)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(CrozeError, match=r"read robust-nb201 from .*fgsm@Linf_accuracy.json: Permission den"):
        open_truth(f"robust-nb201:{root}", "cifar10")
