"""The reader of the official archive, on a small one that the package of its authors writes itself."""

from __future__ import annotations

import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from croze.errors import CrozeError
from croze.spaces.nasbench201.cell import every_cell, expression
from croze.truth import nats_bench as reader_module
from croze.truth import open_truth

CELLS = [*every_cell()[100:15000:3000], every_cell()[0], every_cell()[1], every_cell()[5]]
SEEDS = {"cifar10": (777, 888), "cifar100": (777,), "ImageNet16-120": (777, 888, 999)}


def accuracy(cell: int, dataset: str, seed: int) -> float:
    """Made up; NumPy scalars stand in some files of the archive."""
    return np.float64(20 + 3 * cell + len(dataset) / 7 + seed / 100)


def result(package, cell: int, dataset: str, seed: int, epochs: int):
    """One training, as the package keeps it: the last epoch counts, and the test set has its own name."""
    name = "ori-test" if dataset == "cifar10" else "x-test"
    found = package.ResultsCount(
        dataset,
        None,
        dict.fromkeys(range(epochs), 50.0),
        dict.fromkeys(range(epochs), 1.0),
        1.0,
        2.0,
        {"arch_str": str(CELLS[cell]), "channel": 16, "num_cells": 5, "class_num": 10},
        seed,
        epochs,
        [0.01],
    )
    last = accuracy(cell, dataset, seed) if epochs == 200 else 1.0
    values = OrderedDict((f"{name}@{epoch}", last if epoch == epochs - 1 else 0.5) for epoch in range(epochs))
    found.update_eval(values, dict.fromkeys(values, 1.0), dict.fromkeys(values, 0.1))
    found.train_times = dict.fromkeys(range(epochs), 1.0)
    return found


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    package = pytest.importorskip("nats_bench")
    folder = tmp_path_factory.mktemp("nats") / "NATS-tss-v1_0-3ffb9-simple"
    folder.mkdir()
    package.pickle_save({"meta_archs": [str(cell) for cell in CELLS]}, str(folder / "meta.pickle"))
    for cell in range(len(CELLS)):
        trained = {}
        for hp in ("12", "200"):
            results = package.ArchResults(cell, str(CELLS[cell]))
            for dataset, seeds in SEEDS.items():
                for seed in seeds:
                    results.update(dataset, seed, result(package, cell, dataset, seed, int(hp)))
            trained[hp] = results.state_dict()
        package.pickle_save(trained, str(folder / f"{cell:06d}.pickle"))
    return folder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CROZE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "truth"


@pytest.fixture
def copy(archive: Path, tmp_path: Path) -> Path:
    """An archive that a test may damage."""
    folder = tmp_path / archive.name
    folder.mkdir()
    for file in archive.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def opened(folder: Path, dataset: str = "cifar10", watch=None):
    return open_truth(f"nats-bench:{folder}", dataset, watch)


@pytest.mark.parametrize(
    ("asked", "name"),
    [("cifar10", "cifar10"), ("CIFAR100", "cifar100"), ("imagenet16-120", "ImageNet16-120")],
)
def test_accuracies_of_the_last_of_200_epochs_averaged_over_the_seeds(archive, asked, name):
    truth = opened(archive, asked)
    assert truth.architectures == tuple(map(str, CELLS))
    assert (truth.space, dict(truth.network)) == ("nasbench201", {"channels": 16, "cells": 5})
    own = [np.mean([accuracy(i, name, seed) for seed in SEEDS[name]]) / 100 for i in range(len(CELLS))]
    np.testing.assert_allclose(truth.values("clean-of-string"), own, rtol=1e-12)
    classes = [expression(cell) for cell in CELLS]
    clean = [np.mean([v for v, other in zip(own, classes, strict=True) if other == key]) for key in classes]
    np.testing.assert_allclose(truth.values("clean"), clean, rtol=1e-12)
    assert len(truth.distinct) == len(set(classes)) < len(CELLS)
    assert list(truth.provenance.sha256) == [f"{archive.name}, 9 files"]


def test_what_was_stopped_goes_on_and_other_data_sets_take_no_reading(archive, monkeypatch):
    monkeypatch.setattr(reader_module, "BLOCK", 3)
    read = []
    cell_of = reader_module._cell

    def counted(api, index, file):
        if index == 7 and len(read) == 7:
            raise KeyboardInterrupt
        read.append(index)
        return cell_of(api, index, file)

    monkeypatch.setattr(reader_module, "_cell", counted)
    with pytest.raises(KeyboardInterrupt):
        opened(archive)
    assert read == [0, 1, 2, 3, 4, 5, 6]
    seen = []
    opened(archive, watch=lambda done, total: seen.append((done, total)))
    assert read == [*range(7), 6, 7]
    assert seen == [(3, 8), (6, 8), (8, 8)]
    opened(archive, "cifar100")
    opened(archive)
    assert len(read) == 9


def test_a_damaged_note_of_what_was_read_is_read_again(archive, cache, monkeypatch):
    monkeypatch.setattr(reader_module, "BLOCK", 3)
    first = opened(archive)
    (note,) = cache.glob("*.blocks/000003.json")
    note.write_text(note.read_text().replace("0.", "0.9", 1))
    next(cache.glob("*.table")).unlink()
    np.testing.assert_array_equal(opened(archive).values("clean"), first.values("clean"))


def test_a_changed_file_is_noticed(copy):
    before = opened(copy).values("clean-of-string").copy()
    (copy / "000001.pickle.pbz2").write_bytes((copy / "000002.pickle.pbz2").read_bytes())
    after = opened(copy).values("clean-of-string")
    assert np.flatnonzero(before != after).tolist() == [1]


def test_missing_and_damaged_files_are_named(copy):
    cut = copy / "000004.pickle.pbz2"
    cut.write_bytes(cut.read_bytes()[:-30])
    with pytest.raises(CrozeError, match=r"000004\.pickle\.pbz2 cannot be read .*unpack the archive again"):
        opened(copy)
    cut.write_bytes(b"no archive")
    with pytest.raises(CrozeError, match=r"000004\.pickle\.pbz2 cannot be read as a file of NATS-Bench"):
        opened(copy)
    cut.unlink()
    with pytest.raises(CrozeError, match=r"each of its 8 cells; 1 are missing, the first is 000004\.pickle"):
        opened(copy)
    (copy / "meta.pickle.pbz2").unlink()
    with pytest.raises(
        CrozeError, match=r"needs .*meta\.pickle\.pbz2, which is missing.*croze data get nats"
    ):
        opened(copy)


def test_another_data_set(archive):
    with pytest.raises(CrozeError, match="cifar10, cifar100, imagenet16-120, got 'svhn'"):
        opened(archive, "svhn")


def test_without_the_package_a_sentence_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nats_bench", None)
    with pytest.raises(CrozeError, match=r"package nats_bench, which is not installed: .*croze\[nats\]"):
        opened(tmp_path)
