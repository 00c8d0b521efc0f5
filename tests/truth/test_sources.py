"""The catalogue, and raw files held against it."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

import pytest

from croze.errors import CrozeError
from croze.truth import BENCHMARKS, open_truth
from croze.truth.catalogue import CATALOGUE, KnownFile
from croze.truth.sources import compare, content_notes, find_source, standing


def test_every_reader_of_published_files_has_a_source():
    assert set(BENCHMARKS) - {"csv", "pool"} <= set(CATALOGUE)
    assert list(CATALOGUE) == [source.name for source in CATALOGUE.values()]


@pytest.mark.parametrize("source", CATALOGUE.values(), ids=list(CATALOGUE))
def test_an_entry_says_all_that_is_needed(source):
    assert source.what
    assert source.paper
    assert source.pages
    assert source.licence
    assert source.use
    assert source.by_hand or source.direct
    assert all(re.fullmatch(r"https?://\S+", page) for page in source.pages)
    for file in source.files:
        assert re.fullmatch(r"([0-9a-f]{64})?", file.sha256)
        # an address that does not change: a repository at one commit
        assert re.fullmatch(r"(https://raw\.githubusercontent\.com/[^/]+/[^/]+/[0-9a-f]{40}/\S+)?", file.url)
        assert not Path(file.name).is_absolute()
        assert ".." not in Path(file.name).parts


@pytest.mark.parametrize(
    ("name", "file", "where"),
    [
        ("nasbench201", "cifar10_test_accuracy.csv", "nas_bench_201/cifar10_test_accuracy.csv"),
        ("nas-bench-301", "zc_nasbench301.json", "nas_bench_301/zc_nasbench301.json"),
        ("published-proxies", "nb201_zc_proxies.csv", "nas_bench_201/published_proxy_scores.csv"),
        ("hw-nas-bench", "hw_cifar10.csv", "nas_bench_201/hw_nas_bench_cifar10.csv"),
    ],
)
def test_known_content_is_that_of_the_real_files(shared_data, name, file, where):
    known = {one.name: one for one in CATALOGUE[name].files}[file]
    content = (shared_data / where).read_bytes()
    assert (known.size, known.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert compare(known, shared_data / where) == ""


def test_the_folder_of_robust_nasbench201_is_as_published(real, shared_data):
    assert content_notes(real) == ["21 of 21 files are as published."]
    states = standing(CATALOGUE["robust-nb201"], shared_data / "robust_nb201")
    assert len(states) == 21
    assert set(states.values()) == {"as published"}


def test_files_that_differ_or_are_missing_are_named(shared_data, tmp_path):
    root = tmp_path / "robust"
    shutil.copytree(shared_data / "robust_nb201", root, copy_function=shutil.copyfile)
    root.chmod(0o755)
    (root / "cifar10").chmod(0o755)
    fog = root / "cifar10" / "fog_accuracy.json"
    fog.write_bytes(fog.read_bytes().replace(b"0.7", b"0.6", 1))
    (root / "cifar10" / "snow_accuracy.json").unlink()
    first, second, third = content_notes(open_truth(f"robust-nb201:{root}", "cifar10"))
    assert first == "19 of 20 files are as published."
    assert second.startswith("cifar10/fog_accuracy.json is not the published one, which has 249,430 bytes")
    assert third == "1 of 21 published files are not there: cifar10/snow_accuracy.json."

    fog.write_bytes(fog.read_bytes()[:100_000])
    said = r"fog_accuracy\.json is not complete JSON .* The published cifar10/fog_accuracy\.json has 249,430 "
    with pytest.raises(CrozeError, match=rf"{said}bytes, this one 100,000\.$"):
        open_truth(f"robust-nb201:{root}", "cifar10")


def test_many_damaged_files_make_no_endless_sentence(tiny_folder):
    root = tiny_folder()
    (root / "cifar10" / "fog_accuracy.json").write_text("{")
    with pytest.raises(CrozeError, match=r"this one [0-9,]+\. 19 more files differ\.$"):
        open_truth(f"robust-nb201:{root}", "cifar10")


def test_a_sample_or_another_data_set_is_no_mistake(tiny, tiny_folder, tmp_path):
    assert any("is not the published one" in note for note in content_notes(tiny))
    other = open_truth(f"robust-nb201:{tiny_folder('cifar100')}", "cifar100")
    assert not any("cifar10/" in note for note in content_notes(other))
    file = tmp_path / "few.csv"
    cell = "|none~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|"
    file.write_text(f"arch,cifar10_test_accuracy\n{cell},90\n")
    assert content_notes(open_truth(f"nasbench201:{file}", "cifar10")) == [
        "few.csv: not the file that was published as cifar10_test_accuracy.csv."
    ]
    file.write_text(f"arch,clean\n{cell},90\n")
    assert content_notes(open_truth(f"csv:{file}", "cifar10")) == [
        "No published content is known to compare with."
    ]


def test_the_published_file_under_another_name(shared_data, tmp_path):
    shutil.copyfile(shared_data / "nas_bench_301" / "zc_nasbench301.json", tmp_path / "mine.json")
    truth = open_truth(f"nas-bench-301:{tmp_path / 'mine.json'}", "cifar10")
    assert content_notes(truth) == ["1 of 1 files are as published."]


def test_comparing_a_file(tmp_path):
    file = tmp_path / "f"
    file.write_bytes(b"abc")
    digest = hashlib.sha256(b"abc").hexdigest()
    assert compare(KnownFile("f", 3, digest), file) == ""
    assert compare(KnownFile("f"), file) == ""
    assert compare(KnownFile("f", 4, digest), file) == "The published f has 4 bytes, this one 3."
    assert "has SHA-256 000000000000..., this one ba7816bf8f01" in compare(KnownFile("f", 3, "0" * 64), file)
    assert "cannot be read: No such file" in compare(KnownFile("f", 3), tmp_path / "g")


def test_an_unknown_source():
    with pytest.raises(
        CrozeError, match="Unknown source 'imagenet': expected one of nasbench201, nats-bench"
    ):
        find_source("imagenet")
