import pickle

import numpy as np
import pytest
import torch
from PIL import Image

from croze.corruptions import CORRUPTIONS, FrostTextures, corrupt, read_set
from croze.data import open_dataset


def test_a_set_and_a_sheet(croze, tmp_path):
    command = ("corrupt", "--corruptions", "fog,jpeg", "--limit", "12", "--out", "set", "--seed", "3")
    done = croze(*command, "--sheet", "s.png", "--image", "11", "--json", "-")
    assert done.code == 0, done.err
    assert done.json["corruptions"] == ["fog", "jpeg_compression"]
    assert (done.json["images"], done.json["seed"], done.json["data"]) == (12, 3, "digits")
    assert done.json["files"] == ["set/fog.npy", "set/jpeg_compression.npy"]
    assert "Written: s.png" in done.err
    assert "2 corruptions of 12 images" in done.err
    assert (tmp_path / "s.png").stat().st_size > 5000
    data = open_dataset("digits")
    clean = data.read(range(12))
    images, labels = read_set(tmp_path / "set", "fog", 4)
    assert labels.tolist() == data.labels[:12].tolist()
    exact = corrupt(torch.from_numpy(clean).float() / 255, "fog", 4, seed=3)
    assert np.array_equal(images, np.floor(exact.double().numpy() * 255 + 1e-4))
    before = (tmp_path / "set" / "fog.npy").stat().st_mtime_ns
    assert croze(*command[:2], "snow,fog", *command[3:]).code == 0
    assert (tmp_path / "set" / "fog.npy").stat().st_mtime_ns == before
    assert (tmp_path / "set" / "snow.npy").exists()


def test_all_fifteen(croze, tmp_path):
    assert croze("corrupt", "--limit", "2", "--out", "set").code == 0
    assert {p.stem for p in (tmp_path / "set").glob("*.npy")} == {*CORRUPTIONS, "labels"}


def test_photographs_of_frost(croze, tmp_path):
    (tmp_path / "frost").mkdir()
    Image.new("RGB", (200, 200), (0, 100, 0)).save(tmp_path / "frost" / "a.png")
    arguments = ("--corruptions", "frost", "--limit", "3", "--out", "set", "--frost", "frost")
    assert croze("corrupt", *arguments).code == 0
    images, _ = read_set(tmp_path / "set", "frost", 1)
    assert (images[:, 1] - images[:, 0].astype(int)).max() == int(0.2 * 100)
    assert FrostTextures.from_folder(tmp_path / "frost").digest in (tmp_path / "set" / "set.json").read_text()


def write_cifar(folder):
    (folder / "cifar-10-batches-py").mkdir()
    for number, file in enumerate((*(f"data_batch_{k}" for k in range(1, 6)), "test_batch")):
        content = {b"data": np.full((2, 3072), 40 * number, dtype=np.uint8), b"labels": [0, 1]}
        with (folder / "cifar-10-batches-py" / file).open("wb") as out:
            pickle.dump(content, out)


def test_the_test_images_are_corrupted(croze, tmp_path):
    write_cifar(tmp_path)
    values = {}
    for out, data, *more in (
        ("test", "cifar10:."),
        ("train", "cifar10:.", "--split", "train"),
        ("spec", "cifar10:.?split=train"),
    ):
        done = croze(
            "corrupt", "--data", data, *more, "--corruptions", "contrast", "--out", out, "--json", "-"
        )
        assert done.code == 0, done.err
        values[out] = done.json["images"], int(read_set(tmp_path / out, "contrast", 1)[0].max())
    assert values == {"test": (2, 200), "train": (10, 160), "spec": (10, 160)}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Say what to make: --sheet FILE.png for a picture, --out DIR for a data set"),
        (("--out", ""), "--out takes the name of a folder"),
        (
            ("--out", "x", "--corruptions", "rain"),
            "Unknown corruption 'rain'; the known ones are gaussian_noise",
        ),
        (("--out", "x", "--corruptions", "fog,fog"), "fog@1 is named twice"),
        (("--out", "x", "--corruptions", ""), "Unknown corruption ''"),
        (("--out", "x", "--data", "nowhere:y"), "Unknown data set reader 'nowhere'"),
        (("--out", "x", "--split", "train"), "'digits' has no option 'split'"),
        (("--out", "x", "--data", "cifar10:y?split=test", "--split", "train"), "'split' is given twice"),
        (("--out", "x", "--frost", "nowhere"), "no folder nowhere with photographs of frost"),
        (("--sheet", "x.bmp"), "must end in .png"),
        (("--sheet", "x.png", "--image", "1797"), "images 0..1796 here, so --image cannot be 1797"),
        (("--sheet", "x.png", "--image", "5", "--limit", "5"), "images 0..4 here"),
    ],
)
def test_mistakes_end_as_one_sentence(refused, tmp_path, arguments, says):
    assert says in refused("corrupt", *arguments)
    assert not list(tmp_path.iterdir())


def test_options_out_of_range(misused):
    assert "--limit" in misused("corrupt", "--limit", "0")
    assert "--seed" in misused("corrupt", "--seed", "-1")


def test_another_set_is_not_mixed_in(croze):
    command = ("corrupt", "--corruptions", "fog", "--limit", "3", "--out", "set")
    assert croze(*command).code == 0
    done = croze(*command, "--seed", "1")
    assert done.code == 2
    assert "holds another set, which differs in seed" in done.err
