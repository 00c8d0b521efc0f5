from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from croze.data import draw, open_dataset
from croze.data.splits import in_split, same_images
from croze.errors import CrozeError

RED, GREEN, BLUE = (250, 0, 0), (0, 250, 0), (0, 0, 250)


@pytest.fixture
def tree(tmp_path: Path, png: Callable[..., bytes]) -> Path:
    """Two classes in three files, among things that are no images."""
    for name in ("dog", "cat/deep", ".hidden"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "dog" / "a.png").write_bytes(png(RED))
    (tmp_path / "cat" / "b.PNG").write_bytes(png(GREEN))
    (tmp_path / "cat" / "deep" / "c.bmp").write_bytes(png(BLUE, kind="BMP"))
    (tmp_path / "cat" / "notes.txt").write_text("x")
    (tmp_path / "cat" / "._b.png").write_text("x")
    (tmp_path / ".hidden" / "d.png").write_text("x")
    (tmp_path / "top.png").write_text("x")
    return tmp_path


def test_folder(tree: Path) -> None:
    data = open_dataset(f"folder:{tree}")
    assert (len(data), data.classes, data.size) == (3, 2, (3, 6, 6))
    assert data.labels.tolist() == [0, 0, 1]
    assert [tuple(image[:, 0, 0]) for image in data.read([2, 0, 1])] == [RED, GREEN, BLUE]
    np.testing.assert_allclose(data.mean, [250 / 255 / 3] * 3)


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [
        ("png", "PNG"),
        ("jpg", "JPEG"),
        ("JPEG", "JPEG"),
        ("bmp", "BMP"),
        ("webp", "WEBP"),
        ("ppm", "PPM"),
        ("tif", "TIFF"),
        ("gif", "GIF"),
    ],
)
def test_formats(tmp_path: Path, png: Callable[..., bytes], suffix: str, kind: str) -> None:
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / f"x.{suffix}").write_bytes(png((128, 128, 128), kind=kind))
    found = open_dataset(f"folder:{tmp_path}").read([0])
    np.testing.assert_allclose(found, 128, atol=2)


def test_only_wanted_images_are_decoded(tree: Path) -> None:
    (tree / "dog" / "a.png").write_bytes(b"broken")
    data = open_dataset(f"folder:{tree}")
    assert data.read([0, 1]).shape == (2, 3, 6, 6)
    with pytest.raises(CrozeError, match=r"Cannot decode the image '.*dog/a\.png', replace it or remove it"):
        data.read([0, 2])


def test_different_sizes(tree: Path, png: Callable[..., bytes]) -> None:
    (tree / "dog" / "a.png").write_bytes(png(RED, (9, 5)))
    data = open_dataset(f"folder:{tree}")
    assert data.read([0, 1]).shape == (2, 3, 6, 6)
    with pytest.raises(
        CrozeError, match=r"differ in size: .*b\.PNG' has 6x6 pixels, .*a\.png' has 9x5; bring .* size=32"
    ):
        data.read([0, 2])
    with pytest.raises(CrozeError, match="differ in size"):
        draw(data, 2)
    resized = open_dataset(f"folder:{tree}?size=4")
    assert resized.size == (3, 4, 4)
    assert resized.read([0, 1, 2]).shape == (3, 3, 4, 4)
    assert draw(resized, 3).images.shape == (3, 3, 4, 4)


def test_image_that_has_gone(tree: Path) -> None:
    data = open_dataset(f"folder:{tree}")
    (tree / "dog" / "a.png").unlink()
    with pytest.raises(
        CrozeError, match=r"Cannot read the image '.*a\.png', check the file \(FileNotFoundError"
    ):
        data.read([2])


def test_empty_folders(tmp_path: Path) -> None:
    with pytest.raises(CrozeError, match=r"has no class folders: expected images at '.*/CLASS/IMAGE\.png'"):
        open_dataset(f"folder:{tmp_path}")
    (tmp_path / "cat").mkdir()
    with pytest.raises(CrozeError, match=r"have no images \(\.png, \.jpg"):
        open_dataset(f"folder:{tmp_path}")


def test_what_is_not_read_is_counted(tree: Path) -> None:
    (tree / "bird").mkdir()
    (tree / "dog" / "x.HEIC").write_text("x")
    data = open_dataset(f"folder:{tree}")
    assert data.class_names == ("bird", "cat", "dog")
    assert data.labels.tolist() == [1, 1, 2]
    assert data.notes == (
        "No images of 1 classes: bird.",
        f"1 images directly in '{tree}' have no class and are left out.",
        "Images of formats that are not read: 1 .heic.",
        "1 files that are no images are left out.",
    )


def test_splits(tmp_path: Path, png: Callable[..., bytes]) -> None:
    """Classes are numbered over all splits, so that a class that a split lacks shifts no label."""
    for name, colour in (("Train/cat/1", RED), ("Train/dog/2", GREEN), ("valid/dog/3", BLUE)):
        path = tmp_path / f"{name}.png"
        path.parent.mkdir(parents=True)
        path.write_bytes(png(colour))
    train, val = open_dataset(f"folder:{tmp_path}"), open_dataset(f"folder:{tmp_path}?split=val")
    assert (train.labels.tolist(), val.labels.tolist()) == ([0, 1], [1])
    assert train.class_names == val.class_names == ("cat", "dog")
    assert in_split(f"folder:{tmp_path}") == f"folder:{tmp_path}?split=val"
    assert same_images(f"folder:{tmp_path}", f"folder:{tmp_path}?split=train")
    assert not same_images(f"folder:{tmp_path}", f"folder:{tmp_path}?split=val")
    with pytest.raises(CrozeError, match="must be one of train, val, got 'test'"):
        open_dataset(f"folder:{tmp_path}?split=test")


def test_greyscale_files_have_one_channel(tmp_path: Path, png: Callable[..., bytes]) -> None:
    (tmp_path / "one").mkdir()
    grey = np.arange(36, dtype=np.uint8).reshape(6, 6)
    for name in "ab":
        (tmp_path / "one" / f"{name}.png").write_bytes(png(grey))
    data = open_dataset(f"folder:{tmp_path}")
    assert data.size == (1, 6, 6)
    assert np.array_equal(data.read([1])[0, 0], grey)
    assert open_dataset(f"folder:{tmp_path}?channels=3").size == (3, 6, 6)
    assert open_dataset(f"folder:{tmp_path}?channels=4&size=3").read([0]).shape == (1, 4, 3, 3)
    (tmp_path / "one" / "b.png").write_bytes(png(RED))
    with pytest.raises(CrozeError, match=r"greyscale images and coloured ones, such as .*b\.png"):
        open_dataset(f"folder:{tmp_path}").read([0, 1])
    assert open_dataset(f"folder:{tmp_path}?channels=1").read([0, 1]).shape == (2, 1, 6, 6)


def test_wrong_spec(tree: Path) -> None:
    with pytest.raises(CrozeError, match="has no folders train, val or test"):
        open_dataset(f"folder:{tree}?split=test")
    with pytest.raises(CrozeError, match="is a file: give its folder"):
        open_dataset(f"folder:{tree / 'top.png'}")
