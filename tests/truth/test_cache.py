"""Raw files are read once; whatever happens to them or to the tables, the answer is that of the files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from croze.errors import CrozeError
from croze.truth import Truth, open_truth
from croze.truth import cache as cache_module
from croze.truth import raw as raw_module
from croze.truth import registry as registry_module

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CROZE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "truth"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The data set of every reading of raw files of robust-nb201."""
    done: list[str] = []
    reader = registry_module.reader_of("robust-nb201")

    def read(path: Path, dataset: str) -> Truth:
        done.append(dataset)
        return reader.read(path, dataset)

    monkeypatch.setattr(registry_module, "reader_of", lambda name: replace(reader, read=read))
    return done


def opened(root: Path, dataset: str = "cifar10") -> Truth:
    return open_truth(f"robust-nb201:{root}", dataset)


def same(first: Truth, second: Truth) -> bool:
    return (
        (first.name, first.dataset, first.architectures, first.space, first.network, first.provenance)
        == (
            second.name,
            second.dataset,
            second.architectures,
            second.space,
            second.network,
            second.provenance,
        )
        and np.array_equal(first.representative, second.representative)
        and list(first.columns) == list(second.columns)
        and all(np.array_equal(first.columns[name], second.columns[name]) for name in first.columns)
    )


def test_the_second_opening_reads_no_raw_file_and_says_the_same(tiny_folder: Write, reads: list[str]) -> None:
    root = tiny_folder()
    first, second, third = opened(root), opened(root), opened(root, "CIFAR10")
    assert reads == ["cifar10"]
    assert same(first, second)
    assert same(first, third)
    assert not second.values("clean").flags.writeable
    assert second.lookup(second.architectures[5]) == 5


def test_a_changed_file_is_read_anew(tiny_folder: Write, reads: list[str]) -> None:
    root = tiny_folder()
    before = opened(root).values("clean").copy()
    file = root / "cifar10" / "clean_accuracy.json"
    stamp = file.stat()
    changed = file.read_text().replace("0.", "0.0", 1)
    file.write_text(changed)
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert not np.array_equal(opened(root).values("clean"), before)
    assert len(reads) == 2


def test_a_file_that_comes_later_or_goes_is_seen(tiny_folder: Write, reads: list[str]) -> None:
    root = tiny_folder(skip=("fog",))
    assert "fog@1" not in opened(root).columns
    tiny_folder()
    assert "fog@1" in opened(root).columns
    (root / "cifar10" / "fog_accuracy.json").unlink()
    assert "fog@1" not in opened(root).columns
    assert len(reads) == 2  # the first table serves again


def test_a_table_serves_files_of_the_same_content_elsewhere(
    tiny_folder: Write, reads: list[str], tmp_path: Path
) -> None:
    root = tiny_folder()
    first = opened(root)
    root.rename(tmp_path / "moved")
    second = opened(tmp_path / "moved")
    assert reads == ["cifar10"]
    assert second.provenance.source == str(tmp_path / "moved")
    assert second.provenance.sha256 == first.provenance.sha256


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "another", "folder"])
def test_a_damaged_table_is_made_again(
    tiny_folder: Write, reads: list[str], cache: Path, damage: str
) -> None:
    root = tiny_folder()
    first = opened(root)
    (table,) = cache.iterdir()
    content = bytearray(table.read_bytes())
    if damage == "flipped":
        content[-3] ^= 4
    table.unlink()
    if damage == "folder":
        table.mkdir()
    elif damage == "another":
        other = tiny_folder("cifar100")
        opened(other, "cifar100")
        next(cache.glob("*cifar100*")).rename(table)
        reads.clear()
        reads.append("cifar10")
    else:
        table.write_bytes({"cut": content[:-8], "empty": b""}.get(damage, bytes(content)))
    assert same(opened(root), first)
    assert len(reads) == 2
    assert same(opened(root), first)
    assert len(reads) == (3 if damage == "folder" else 2)


@pytest.mark.parametrize("obstacle", ["a file", "no place"])
def test_without_a_cache_everything_is_read(
    tiny_folder: Write, reads: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, obstacle: str
) -> None:
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("CROZE_CACHE", str(tmp_path / "file"))
    if obstacle == "no place":

        def nowhere() -> Path:
            raise RuntimeError("Could not determine home directory.")

        monkeypatch.setattr(cache_module, "folder", nowhere)
    root = tiny_folder()
    assert same(opened(root), opened(root))
    assert len(reads) == 2
    assert (tmp_path / "file").read_text() == "mine"


def test_files_that_change_while_they_are_read_leave_no_table(
    tiny_folder: Write, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tiny_folder()
    reader = registry_module.reader_of("robust-nb201")

    def read(path: Path, dataset: str) -> Truth:
        truth = reader.read(path, dataset)
        (root / "cifar10" / "clean_accuracy.json").write_text("{}")
        return truth

    monkeypatch.setattr(registry_module, "reader_of", lambda name: replace(reader, read=read))
    opened(root)
    assert not cache.exists()


def test_files_that_are_gone_are_named_although_there_is_a_table(tiny_folder: Write) -> None:
    root = tiny_folder()
    opened(root)
    (root / "meta.json").unlink()
    with pytest.raises(CrozeError, match=r"needs .*meta\.json, which is missing"):
        opened(root)


def test_large_files_are_told_apart_by_size_and_time(
    tiny_folder: Write, reads: list[str], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_module, "LARGE", 100)
    root = tiny_folder()
    opened(root)
    assert not cache.exists()  # it has only just been written, so may change once more unseen
    for file in root.rglob("*.json"):
        os.utime(file, (1e9, 1e9))
    first = opened(root)
    assert same(opened(root), first)
    assert len(reads) == 2
    os.utime(root / "meta.json", (1e9, 1e9 + 1))
    assert same(opened(root), first)
    assert len(reads) == 3


def test_another_version_of_the_reader_reads_anew(
    tiny_folder: Write, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tiny_folder()
    opened(root)
    before = registry_module.reader_of
    monkeypatch.setattr(registry_module, "reader_of", lambda name: replace(before(name), version=99))
    opened(root)
    assert len(reads) == 2


def test_the_tables_used_last_stay(
    tiny_folder: Write, cache: Path, monkeypatch: pytest.MonkeyPatch, reads: list[str]
) -> None:
    monkeypatch.setattr(cache_module, "KEPT", 2)
    root = tiny_folder()
    meta = (root / "meta.json").read_text()
    for version in range(3):
        (root / "meta.json").write_text(meta + " " * version)
        opened(root)
        for table in cache.glob("*.table"):
            stamp = table.stat().st_mtime - 100
            os.utime(table, (stamp, stamp))
        if version == 1:
            (root / "meta.json").write_text(meta)
            opened(root)
    assert len(list(cache.glob("*"))) == 2
    (root / "meta.json").write_text(meta)
    opened(root)
    assert len(reads) == 3
    (root / "meta.json").write_text(meta + " ")
    opened(root)
    assert len(reads) == 4


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"CROZE_CACHE": "/x"}, "/x/truth"),
        ({"CROZE_CACHE": "", "XDG_CACHE_HOME": "/y"}, "/y/croze/truth"),
        ({"CROZE_CACHE": "", "XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/croze/truth"),
        ({"CROZE_CACHE": "~/z", "HOME": "/h"}, "/h/z/truth"),
    ],
)
def test_the_folder(variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache_module.folder() == Path(expected)


def test_a_known_truth_needs_no_torch(tmp_path: Path) -> None:
    file = tmp_path / "accuracies.csv"
    file.write_text(
        "arch,cifar10_test_accuracy\n|none~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|,90\n"
    )
    open_truth(f"nasbench201:{file}", "cifar10")
    code = (
        "import sys; from croze.truth import open_truth\n"
        f"print(open_truth('nasbench201:{file}', 'cifar10').values('clean')[0], 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout == "0.9 False\n", done.stderr
