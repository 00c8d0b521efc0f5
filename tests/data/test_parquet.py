import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from croze.data import draw, open_dataset, parquet
from croze.errors import CrozeError

Png = Callable[..., bytes]


def write(path: Path, columns: dict[str, Any], rows_per_group: int = 1000) -> Path:
    pq.write_table(pa.table(columns), path, row_group_size=rows_per_group)
    return path


@pytest.fixture
def shades(png: Png) -> list[bytes]:
    """Ten images; number k is a plain colour (20 k, 0, 7)."""
    return [png((20 * k, 0, 7)) for k in range(10)]


def structs(images: list[bytes | None]) -> list[dict[str, Any]]:
    return [{"bytes": image, "path": f"{k}.png"} for k, image in enumerate(images)]


def reds(images: np.ndarray) -> list[int]:
    return (images[:, 0, 0, 0] // 20).tolist()


@pytest.mark.parametrize(
    "form",
    [
        structs,
        lambda images: pa.array(images, pa.binary()),
        lambda images: pa.array(images, pa.large_binary()),
    ],
)
def test_forms_of_image_columns(tmp_path: Path, shades: list[bytes], form: Any) -> None:
    path = write(tmp_path / "x.parquet", {"img": form(shades), "label": [0, 1] * 5}, 3)
    data = open_dataset(f"parquet:{path}")
    assert (len(data), data.classes, data.size) == (10, 2, (3, 6, 6))
    assert reds(data.read([9, 0, 4, 4, 3])) == [9, 0, 4, 4, 3]
    np.testing.assert_allclose(data.mean, (90 / 255, 0, 7 / 255))
    assert data.std[1] == 1 / 255


def test_several_files(tmp_path: Path, shades: list[bytes]) -> None:
    write(tmp_path / "b.parquet", {"img": structs(shades[4:]), "label": [1] * 6}, 2)
    write(tmp_path / "a.parquet", {"img": structs(shades[:4]), "label": [0] * 4}, 3)
    (tmp_path / "notes.txt").touch()
    empty = pq.read_table(tmp_path / "a.parquet").slice(0, 0)
    pq.write_table(empty, tmp_path / "aa.parquet")
    data = open_dataset(f"parquet:{tmp_path}")
    assert data.labels.tolist() == [0] * 4 + [1] * 6
    assert reds(data.read(list(range(10)))) == list(range(10))


def test_only_wanted_images_are_decoded(tmp_path: Path, shades: list[bytes]) -> None:
    shades[7] = b"broken"
    path = write(tmp_path / "x.parquet", {"img": structs(shades), "label": [0] * 10}, 5)
    data = open_dataset(f"parquet:{path}")
    assert reds(data.read([6, 8])) == [6, 8]
    with pytest.raises(CrozeError, match=r"Cannot decode the image in row 7 of '.*x\.parquet'"):
        data.read([6, 7])


def test_rows_are_counted_within_their_file(tmp_path: Path, shades: list[bytes]) -> None:
    write(tmp_path / "a.parquet", {"img": structs(shades), "label": [0] * 10})
    write(tmp_path / "b.parquet", {"img": structs([*shades[:5], None]), "label": [0] * 6}, 4)
    with pytest.raises(CrozeError, match=r"no bytes for the image in row 5 of '.*b\.parquet', column 'img'"):
        open_dataset(f"parquet:{tmp_path}").read([15])


def test_normalisation_is_measured_in_few_row_groups(
    tmp_path: Path, shades: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "_MEASURED_GROUPS", 2)
    path = write(tmp_path / "x.parquet", {"img": structs(shades), "label": [0] * 10}, 2)
    data = open_dataset(f"parquet:{path}")
    np.testing.assert_allclose(data.mean[0], 20 * (0 + 1 + 4 + 5) / 4 / 255)


def test_columns_are_found(tmp_path: Path, shades: list[bytes]) -> None:
    columns = {
        "mask": structs(shades[::-1]),
        "image": structs(shades),
        "id": range(10),
        "fine_label": [0, 1] * 5,
    }
    path = write(tmp_path / "x.parquet", columns)
    data = open_dataset(f"parquet:{path}")
    assert data.classes == 2
    assert reds(data.read([3])) == [3]
    chosen = open_dataset(f"parquet:{path}?image=mask&label=id&classes=20")
    assert chosen.classes == 20
    assert reds(chosen.read([3])) == [6]


def test_columns_with_dots(tmp_path: Path, shades: list[bytes]) -> None:
    path = write(tmp_path / "x.parquet", {"a.b": structs(shades), "c.d": range(10)})
    assert reds(open_dataset(f"parquet:{path}").read([5])) == [5]


@pytest.mark.parametrize(
    ("names", "options", "sentence"),
    [
        (["a", "b", "label"], "", r"several columns of bytes.* the images: .* image=COLUMN; it has a \("),
        (["label"], "", "has no column of bytes, or a struct with 'bytes' for the images"),
        (["img"], "", "no column of whole numbers for the labels: .* label=COLUMN"),
        (["img", "x1", "x2"], "", "has several columns of whole numbers for the labels"),
        (["img", "label"], "?image=label", "has no column 'label' of bytes"),
        (["img", "label"], "?label=img", "has no column 'img' of whole numbers"),
        (["img", "label"], "?image=photo", r"'photo' of bytes.* it has img \(.*\), label \(int64\)"),
        (["img", "label"], "?size=0", "size must be a whole number from 1 to 4096, got '0'"),
        (["img", "label"], "?classes=3", r"must lie in 0\.\.2, image 3 has 3"),
        (["img", "label"], "?colour=1", r"known options: image, label, size, classes"),
    ],
)  # fmt: skip
def test_wrong_columns_and_options(
    tmp_path: Path, shades: list[bytes], names: list[str], options: str, sentence: str
) -> None:
    numbers = ("label", "x1", "x2")
    columns = {name: list(range(10)) if name in numbers else structs(shades) for name in names}
    path = write(tmp_path / "x.parquet", columns)
    with pytest.raises(CrozeError, match=sentence):
        open_dataset(f"parquet:{path}{options}")


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ([0, None], r"'label' of '.*' has 1 rows without a label"),
        ([0.0, 1.0], "no column of whole numbers"),
        (["a", "b"], "no column of whole numbers"),
        ([0, -1], r"must lie in 0\.\.0, image 1 has -1"),
    ],
)
def test_wrong_labels(tmp_path: Path, shades: list[bytes], labels: list[Any], sentence: str) -> None:
    path = write(tmp_path / "x.parquet", {"img": structs(shades[:2]), "label": labels})
    with pytest.raises(CrozeError, match=sentence):
        open_dataset(f"parquet:{path}")


def test_files_must_agree(tmp_path: Path, shades: list[bytes]) -> None:
    write(tmp_path / "a.parquet", {"img": structs(shades), "label": [0] * 10})
    write(tmp_path / "b.parquet", {"image": structs(shades), "label": [0] * 10})
    with pytest.raises(CrozeError, match=r"'.*b\.parquet' has no column 'img'"):
        open_dataset(f"parquet:{tmp_path}")


def test_different_sizes(tmp_path: Path, png: Png) -> None:
    path = write(tmp_path / "x.parquet", {"img": structs([png(), png(size=(4, 8))]), "label": [0, 1]})
    with pytest.raises(
        CrozeError, match=r"differ in size: the image in row 0 .* has 6x6 pixels, the image in row 1"
    ):
        draw(open_dataset(f"parquet:{path}"), 2)
    assert draw(open_dataset(f"parquet:{path}?size=5"), 2).images.shape == (2, 3, 5, 5)


def test_damaged_files(tmp_path: Path, shades: list[bytes]) -> None:
    path = write(tmp_path / "x.parquet", {"img": structs(shades), "label": [0] * 10})
    whole = path.read_bytes()
    for data in (b"", b"no parquet", whole[: len(whole) // 2]):
        path.write_bytes(data)
        with pytest.raises(
            CrozeError, match=r"Cannot read the parquet file '.*x\.parquet', copy or download it"
        ):
            open_dataset(f"parquet:{path}")


def test_damaged_row_group(tmp_path: Path, shades: list[bytes]) -> None:
    path = write(tmp_path / "x.parquet", {"label": [0] * 10, "img": structs(shades)})
    data = open_dataset(f"parquet:{path}")
    start = pq.read_metadata(path).row_group(0).column(1).data_page_offset
    damaged = bytearray(path.read_bytes())
    damaged[start : start + 200] = bytes(200)
    path.write_bytes(damaged)
    with pytest.raises(CrozeError, match="Cannot read row group 0 of the parquet file"):
        data.read([0])


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(CrozeError, match=r"has no \*\.parquet files"):
        open_dataset(f"parquet:{tmp_path}")
    write(tmp_path / "x.parquet", {"img": pa.array([], pa.binary()), "label": pa.array([], pa.int64())})
    with pytest.raises(CrozeError, match="There are no images in parquet:"):
        open_dataset(f"parquet:{tmp_path}")


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    (tmp_path / "x.parquet").touch()
    with pytest.raises(CrozeError, match=r"needs pyarrow: pip install 'croze\[parquet\]'"):
        open_dataset(f"parquet:{tmp_path}")
