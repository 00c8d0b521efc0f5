"""Sets in CIFAR-10-C's layout: written, read, interrupted."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from croze.corruptions import CORRUPTIONS, SEVERITIES, FrostTextures, corrupt, read_set, sets, write_set
from croze.data import ArrayDataset
from croze.errors import CrozeError

COUNT = 7


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.Generator(np.random.PCG64(1)).integers(0, 256, (COUNT, 3, 16, 16), dtype=np.uint8)


@pytest.fixture
def labels() -> np.ndarray:
    return np.arange(COUNT) % 3


def test_what_is_written_is_read(tmp_path, pixels, labels):
    files = write_set(tmp_path / "set", pixels, labels, seed=4)
    assert [file.name for file in files] == [f"{name}.npy" for name in CORRUPTIONS]
    clean = torch.from_numpy(pixels).float() / 255
    for name in CORRUPTIONS:
        for severity in SEVERITIES:
            images, numbers = read_set(tmp_path / "set", name, severity)
            assert images.shape == pixels.shape
            assert images.dtype == np.uint8
            assert not images.flags.writeable
            assert numbers.tolist() == labels.tolist()
            exact = corrupt(clean, name, severity, seed=4).double().numpy() * 255
            assert np.array_equal(images, np.floor(exact + 1e-4))


def test_the_layout_is_that_of_cifar_10_c(tmp_path, pixels, labels):
    (file,) = write_set(tmp_path, pixels, labels, ["fog"])
    images = np.load(file)
    assert images.shape == (5 * COUNT, 16, 16, 3)
    assert np.load(tmp_path / "labels.npy").tolist() == 5 * labels.tolist()
    mildest, _ = read_set(tmp_path, "fog", 1)
    assert np.array_equal(images[:COUNT].transpose(0, 3, 1, 2), mildest)
    assert sorted(p.name for p in tmp_path.iterdir() if not p.name.endswith(".lock")) == [
        "fog.npy",
        "labels.npy",
        "set.json",
    ]


def test_chunks_and_readers_make_no_difference(tmp_path, pixels, labels, monkeypatch):
    whole = write_set(tmp_path / "a", pixels, labels, ["snow", "jpeg"])
    monkeypatch.setattr(sets, "CHUNK", 3)
    parts = write_set(tmp_path / "b", ArrayDataset(pixels, labels), labels, ["snow", "jpeg_compression"])
    assert [file.read_bytes() for file in whole] == [file.read_bytes() for file in parts]


def test_finished_files_stay_and_progress_counts_them(tmp_path, pixels, labels, monkeypatch):
    write_set(tmp_path, pixels, labels, ["fog"])
    before = (tmp_path / "fog.npy").stat()
    monkeypatch.setattr(sets, "CHUNK", 4)
    seen = []
    write_set(
        tmp_path, pixels, labels, ["snow", "fog"], watch=lambda done, of, name: seen.append((done, of, name))
    )
    assert (tmp_path / "fog.npy").stat().st_mtime_ns == before.st_mtime_ns
    assert seen[0] == (4, 70, "snow")
    assert seen[-2:] == [(35, 70, "snow"), (70, 70, "fog")]
    assert [done for done, *_ in seen] == sorted(done for done, *_ in seen)


def test_what_breaks_off_leaves_no_file(tmp_path, pixels, labels):
    def stop(done, total, name):
        if (done, name) == (3 * COUNT, "fog"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_set(tmp_path, pixels, labels, ["fog"], watch=stop)
    assert not (tmp_path / "fog.npy").exists()
    (done,) = write_set(tmp_path, pixels, labels, ["fog"])
    (whole,) = write_set(tmp_path / "whole", pixels, labels, ["fog"])
    assert done.read_bytes() == whole.read_bytes()
    assert not list(tmp_path.glob("*.tmp"))


KILLED = """
import sys, numpy as np
from croze.corruptions import write_set
pixels = np.random.Generator(np.random.PCG64(1)).integers(0, 256, (600, 3, 32, 32), dtype=np.uint8)
write_set(sys.argv[1], pixels, np.zeros(600, dtype=int), ["brightness", "fog", "zoom"])
"""


@pytest.mark.parametrize("moment", ["brightness.npy", "fog.npy.tmp"])
def test_killed_at_any_moment_it_goes_on(tmp_path, monkeypatch, moment):
    running = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)])
    while not (tmp_path / moment).exists() and running.poll() is None:
        time.sleep(0.002)
    running.send_signal(signal.SIGKILL)
    running.wait()
    kept = {file: file.read_bytes() for file in tmp_path.glob("*.npy")}
    for file in kept:
        rows = np.load(file, mmap_mode="r")  # whole, or NumPy would find it too short
        assert len(rows) == 3000
    monkeypatch.setattr(sys, "argv", ["", str(tmp_path)])
    exec(KILLED)
    assert all(file.read_bytes() == content for file, content in kept.items())
    assert len(list(tmp_path.glob("*.npy"))) == 4
    assert not list(tmp_path.glob("*.tmp"))


def test_another_set_is_not_mixed_in(tmp_path, pixels, labels):
    write_set(tmp_path, pixels, labels, ["fog"])
    for arguments, says in (
        ((255 - pixels, labels, ["fog"]), "differs in images"),
        ((pixels, labels[::-1], ["fog"]), "differs in images"),
        ((pixels[1:], labels[1:], ["fog"]), "differs in images, count"),
        ((pixels, labels, ["snow"], 1), "differs in seed"),
    ):
        with pytest.raises(CrozeError, match=says):
            write_set(tmp_path, *arguments)


def test_frost_may_come_later_but_only_of_one_kind(tmp_path, pixels, labels):
    own = FrostTextures([np.full((200, 200, 3), 90, dtype=np.uint8)])
    write_set(tmp_path, pixels, labels, ["fog"], frost=own)
    write_set(tmp_path, pixels, labels, ["frost"])
    write_set(tmp_path, pixels, labels, ["fog"], frost=own)
    with pytest.raises(CrozeError, match="differs in frost"):
        write_set(tmp_path, pixels, labels, ["frost"], frost=own)
    described = json.loads((tmp_path / "set.json").read_text())
    assert described["frost"] == FrostTextures.procedural().digest


def test_a_folder_of_unknown_origin_is_left_alone(tmp_path, pixels, labels):
    np.save(tmp_path / "fog.npy", np.zeros((5, 8, 8, 3), dtype=np.uint8))
    with pytest.raises(CrozeError, match=r"holds fog\.npy but no set\.json"):
        write_set(tmp_path, pixels, labels, ["snow"])
    (tmp_path / "set.json").write_text("[]")
    with pytest.raises(CrozeError, match="no description of a corrupted data set"):
        write_set(tmp_path, pixels, labels, ["snow"])


def test_one_process_at_a_time(tmp_path, pixels, labels):
    def again(done, total, name):
        with pytest.raises(CrozeError, match="Another process"):
            write_set(tmp_path, pixels, labels, ["fog"])

    write_set(tmp_path, pixels, labels, ["fog"], watch=again)


@pytest.mark.parametrize(
    ("images", "numbers", "says"),
    [
        (np.zeros((0, 3, 8, 8), np.uint8), [], "got 0 images"),
        (np.zeros((2, 3, 8, 8), np.uint8), [1], "got 2 images and labels of"),
        (np.zeros((2, 3, 8, 8), np.uint8), [0.5, 1], "whole number as label"),
        (np.zeros((2, 8, 8, 3), np.uint8), [0, 1], r"uint8 images of shape \(N, 3, H, W\)"),
        (np.zeros((2, 3, 8, 8)), [0, 1], "got float64"),
        (np.zeros((2, 3, 4, 8), np.uint8), [0, 1], "at least 8 pixels"),
    ],
)
def test_images_that_make_no_set(tmp_path, images, numbers, says):
    with pytest.raises(CrozeError, match=says):
        write_set(tmp_path, images, numbers, ["fog"])
    with pytest.raises(CrozeError, match="Unknown corruption"):
        write_set(tmp_path, images, numbers, ["rain"])


def test_a_folder_that_cannot_be(tmp_path, pixels, labels):
    (tmp_path / "file").write_text("")
    with pytest.raises(CrozeError, match="Cannot write"):
        write_set(tmp_path / "file", pixels, labels, ["fog"])


def test_sets_that_cannot_be_read(tmp_path, pixels, labels):
    with pytest.raises(CrozeError, match="no folder"):
        read_set(tmp_path / "nowhere", "fog", 1)
    with pytest.raises(CrozeError, match=r"no fog\.npy; the corruptions there are none"):
        read_set(tmp_path, "fog", 1)
    write_set(tmp_path, pixels, labels, ["snow", "contrast"])
    with pytest.raises(CrozeError, match=r"no fog\.npy; the corruptions there are snow, contrast"):
        read_set(tmp_path, "fog", 1)
    for name, severity, says in (("rain", 1, "Unknown corruption"), ("snow", 6, "from 1 to 5")):
        with pytest.raises(CrozeError, match=says):
            read_set(tmp_path, name, severity)
    images = np.load(tmp_path / "snow.npy")
    for wrong, says in (
        (images[:-1], "as many images at each of 5 severities, got 34"),
        (images.astype(float), "should hold uint8 images"),
        (images.transpose(0, 3, 1, 2), "should hold uint8 images"),
        (images[:0], "should hold uint8 images"),
        (images[:-5], "whole number for each of the 30 images"),
    ):
        np.save(tmp_path / "snow.npy", wrong)
        with pytest.raises(CrozeError, match=says):
            read_set(tmp_path, "snow", 1)
    (tmp_path / "snow.npy").write_bytes(b"not an array")
    with pytest.raises(CrozeError, match="no NumPy array that can be read"):
        read_set(tmp_path, "snow", 1)
    np.save(tmp_path / "labels.npy", np.zeros(35))
    with pytest.raises(CrozeError, match="whole number for each"):
        read_set(tmp_path, "contrast", 1)
    (tmp_path / "labels.npy").unlink()
    with pytest.raises(CrozeError, match=r"no labels\.npy"):
        read_set(tmp_path, "contrast", 1)


def test_single_severities_have_files_of_their_own(tmp_path, pixels, labels):
    files = write_set(tmp_path / "some", pixels, labels, ["fog@3", "jpeg@5", "fog@1", "snow"])
    names = ["fog@3.npy", "fog@1.npy", "jpeg_compression@5.npy", "snow.npy"]
    assert [file.name for file in files] == names
    write_set(tmp_path / "all", pixels, labels, ["fog", "jpeg", "snow"])
    for name, severity in (("fog", 3), ("fog", 1), ("jpeg", 5), ("snow", 2)):
        some, whole = (read_set(tmp_path / folder, name, severity) for folder in ("some", "all"))
        assert np.array_equal(some[0], whole[0])
        assert np.array_equal(some[1], whole[1])
    with pytest.raises(CrozeError, match=r"has no fog\.npy"):
        read_set(tmp_path / "some", "fog", 2)
