from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from croze.data import draw, open_dataset
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
    [("png", "PNG"), ("jpg", "JPEG"), ("JPEG", "JPEG"), ("bmp", "BMP"), ("webp", "WEBP"), ("ppm", "PPM")],
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
    with pytest.raises(CrozeError, match=r"cat' has no images \(\.png, \.jpg"):
        open_dataset(f"folder:{tmp_path}")


def test_wrong_spec(tree: Path) -> None:
    with pytest.raises(CrozeError, match="'folder' has no option 'split'"):
        open_dataset(f"folder:{tree}?split=test")
    with pytest.raises(CrozeError, match="is a file: give its folder"):
        open_dataset(f"folder:{tree / 'top.png'}")
