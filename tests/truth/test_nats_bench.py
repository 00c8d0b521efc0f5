"""The reader of the official archive, on a small one that the package of its authors writes itself."""

from __future__ import annotations

import bz2
import os
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from croze.errors import CrozeError
from croze.spaces.nasbench201.cell import every_cell, expression
from croze.truth import nats_bench as reader_module
from croze.truth import open_truth
from croze.truth.lookup import find

CELLS = [*every_cell()[100:15000:3000], every_cell()[0], every_cell()[1], every_cell()[5]]
SEEDS = {"cifar10": (777, 888), "cifar100": (777,), "ImageNet16-120": (777, 888, 999)}


def accuracy(cell: int, dataset: str, seed: int) -> float:
    """Made up; NumPy scalars stand in some files of the archive."""
    return np.float64(20 + 3 * cell + len(dataset) / 7 + seed / 100)


def result(package, cell: int, dataset: str, seed: int, epochs: int, longest: int = 200):
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
    last = accuracy(cell, dataset, seed) if epochs == longest else 1.0
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


def test_the_size_space_has_90_epochs(tmp_path):
    package = pytest.importorskip("nats_bench")
    folder = tmp_path / "NATS-sss-v1_0-50262-simple"
    folder.mkdir()
    texts = ["8:8:8:8:8", "8:8:8:8:16", "8:8:8:8:24"]
    package.pickle_save({"meta_archs": texts}, str(folder / "meta.pickle"))
    for place, text in enumerate(texts):
        trained = {}
        for hp in ("12", "90"):
            results = package.ArchResults(place, text)
            for dataset in SEEDS:
                results.update(dataset, 777, result(package, place, dataset, 777, int(hp), 90))
            trained[hp] = results.state_dict()
        package.pickle_save(trained, str(folder / f"{place:06d}.pickle"))
    truth = opened(folder)
    assert (truth.space, truth.architectures, list(truth.columns)) == ("nats-sss", tuple(texts), ["clean"])
    own = [accuracy(place, "cifar10", 777) for place in range(3)]
    np.testing.assert_allclose(100 * truth.values("clean"), own)
    api = package.create(str(folder), "sss", fast_mode=True, verbose=False)
    assert api.get_more_info(1, "cifar10", hp="90", is_random=False)["test-accuracy"] == own[1]
    assert find(truth, "1") == 1


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


def test_the_package_of_the_authors_reads_the_same(archive):
    package = pytest.importorskip("nats_bench")
    api = package.create(str(archive), "tss", fast_mode=True, verbose=False)
    for asked, name in (
        ("cifar10", "cifar10"),
        ("cifar100", "cifar100"),
        ("imagenet16-120", "ImageNet16-120"),
    ):
        theirs = [
            api.get_more_info(i, name, hp="200", is_random=False)["test-accuracy"] for i in range(len(CELLS))
        ]
        np.testing.assert_allclose(
            opened(archive, asked).values("clean-of-string"), np.array(theirs) / 100, rtol=1e-14
        )


class Runs:
    """Pickles into a call that leaves a file."""

    def __init__(self, reduction: tuple[object, ...]) -> None:
        self.reduction = reduction

    def __reduce__(self) -> tuple[object, ...]:
        return self.reduction


def places(content, path=()):
    """Where a value stands in nested dictionaries and lists."""
    yield path
    pairs = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content if isinstance(content, list) else ())
    )
    for key, value in pairs:
        yield from places(value, (*path, key))


def put(content, path, value):
    """The content with a value in place of another."""
    if not path:
        return value
    copy = dict(content) if isinstance(content, dict) else list(content)
    copy[path[0]] = put(content[path[0]], path[1:], value)
    return copy


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_file_of_an_archive_runs_code(archive, tmp_path, data):
    """Whatever a pickle calls, wherever it stands in whichever file: refused by name, and not called."""
    folder = tmp_path / "nats"
    folder.mkdir(exist_ok=True)
    for file in archive.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    trap = tmp_path / "trap"
    call = data.draw(
        st.sampled_from(
            [
                (os.system, (f"touch {trap}",)),
                (exec, (f"open({str(trap)!r}, 'w')",)),
                (eval, (f"open({str(trap)!r}, 'w')",)),
                (open, (str(trap), "w")),
                (np.savetxt, (str(trap), [1])),
                (Path.touch, (trap,)),
                (OrderedDict, ((), Runs((open, (str(trap), "w"))))),
            ]
        )
    )
    file = folder / data.draw(
        st.sampled_from([f"{name}.pickle.pbz2" for name in ("meta", "000000", "000003")])
    )
    content = pickle.loads(bz2.decompress(file.read_bytes()))  # what the fixture wrote
    where = data.draw(st.sampled_from([path for path in places(content) if len(path) < 6]))
    protocol = data.draw(st.integers(0, pickle.HIGHEST_PROTOCOL))
    file.write_bytes(bz2.compress(pickle.dumps(put(content, where, Runs(call)), protocol), 1))
    with pytest.raises(CrozeError, match="which is no plain data: it was not loaded"):
        opened(folder)
    assert not trap.exists()


def test_what_was_stopped_goes_on_and_other_data_sets_take_no_reading(archive, monkeypatch):
    monkeypatch.setattr(reader_module, "BLOCK", 3)
    read = []
    cell_of = reader_module._cell

    def counted(file, epochs):
        index = int(file.name[:6])
        if index == 7 and len(read) == 7:
            raise KeyboardInterrupt
        read.append(index)
        return cell_of(file, epochs)

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


def rewritten(file: Path, change) -> None:
    content = pickle.loads(bz2.decompress(file.read_bytes()))  # what the fixture wrote
    change(content)
    file.write_bytes(bz2.compress(pickle.dumps(content)))


def test_missing_and_damaged_files_are_named(copy, monkeypatch):
    file = copy / "000004.pickle.pbz2"
    whole = file.read_bytes()
    file.write_bytes(whole[:-30])
    with pytest.raises(CrozeError, match=r"000004\.pickle\.pbz2 is cut short: unpack the archive again"):
        opened(copy)
    file.write_bytes(b"no archive")
    with pytest.raises(CrozeError, match=r"000004\.pickle\.pbz2 cannot be read as bzip2"):
        opened(copy)
    file.write_bytes(bz2.compress(b"no pickle"))
    with pytest.raises(CrozeError, match=r"000004\.pickle\.pbz2' is damaged"):
        opened(copy)
    for change, says in (
        (lambda content: content.pop("200"), r"trainings of a cell .*KeyError: '200'"),
        (lambda content: content["200"].update(all_results=[]), "trainings of a cell .*TypeError"),
        (lambda content: content["200"]["dataset_seed"].update(cifar10=[]), "trainings of a cell"),
        (lambda content: content["200"]["all_results"]["cifar10", 777].update(epochs=10**400), "of a cell"),
        (
            lambda content: content["200"]["all_results"]["cifar10", 777]["eval_acc1es"].update(
                {"ori-test@199": 10**400}
            ),
            "trainings of a cell .*OverflowError",
        ),
        (
            lambda content: content["200"]["all_results"]["cifar10", 777]["eval_acc1es"].update(
                {"ori-test@199": float("nan")}
            ),
            "accuracies in percent, got",
        ),
    ):
        file.write_bytes(whole)
        rewritten(file, change)
        with pytest.raises(CrozeError, match=rf"000004\.pickle\.pbz2 must hold .*{says}"):
            opened(copy)
    file.write_bytes(whole)
    monkeypatch.setattr(reader_module, "LARGEST", 5000)
    with pytest.raises(CrozeError, match=r"pickle\.pbz2 unpacks to more than 5,000 bytes"):
        opened(copy)
    monkeypatch.undo()
    file.unlink()
    with pytest.raises(CrozeError, match=r"each of its 8 cells; 1 are missing, the first is 000004\.pickle"):
        opened(copy)
    rewritten(copy / "meta.pickle.pbz2", lambda content: content.update(meta_archs=[1]))
    with pytest.raises(CrozeError, match="must hold the strings of all cells"):
        opened(copy)
    (copy / "meta.pickle.pbz2").unlink()
    with pytest.raises(
        CrozeError, match=r"needs .*meta\.pickle\.pbz2, which is missing.*croze data get nats"
    ):
        opened(copy)


def test_another_data_set(archive):
    with pytest.raises(CrozeError, match="cifar10, cifar100, imagenet16-120, got 'svhn'"):
        opened(archive, "svhn")
