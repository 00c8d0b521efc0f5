"""Folders of Hugging Face's datasets, laid out as that library writes them: Arrow streams with features."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from croze.data import draw, open_dataset
from croze.data.splits import in_split
from croze.errors import CrozeError

Png = Callable[..., bytes]
FEATURES = {"image": {"_type": "Image"}, "label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}


def table(png: Png, shades: list[int], labels: list[int]) -> pa.Table:
    images = [{"bytes": png((shade, 0, 7)), "path": None} for shade in shades]
    found = pa.table({"image": images, "label": labels})
    return found.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": FEATURES}})})


def save(folder: Path, content: pa.Table, files: int = 2) -> None:
    folder.mkdir(parents=True)
    for number in range(files):
        rows = range(number * len(content) // files, (number + 1) * len(content) // files)
        name = str(folder / f"data-{number:05d}-of-{files:05d}.arrow")
        with pa.OSFile(name, "wb") as sink, pa.ipc.new_stream(sink, content.schema) as writer:
            writer.write_table(content.take(list(rows)), max_chunksize=2)
    (folder / "state.json").write_text("{}")


@pytest.fixture
def saved(tmp_path: Path, png: Png) -> Path:
    save(tmp_path / "set" / "train", table(png, [10, 20, 30, 40, 50], [0, 1, 0, 1, 0]))
    save(tmp_path / "set" / "test", table(png, [60, 70], [1, 1]), 1)
    return tmp_path / "set"


def test_splits_labels_names_and_images(saved: Path) -> None:
    train, test = open_dataset(f"huggingface:{saved}"), open_dataset(in_split(f"huggingface:{saved}"))
    assert train.class_names == test.class_names == ("cat", "dog")
    assert (train.labels.tolist(), test.labels.tolist()) == ([0, 1, 0, 1, 0], [1, 1])
    assert (train.classes, test.classes) == (2, 2)
    assert train.read([4, 1])[:, 0, 0, 0].tolist() == [50, 20]
    assert draw(train, 4).images.shape == (4, 3, 6, 6)
    assert open_dataset(f"huggingface:{saved / 'test'}").read([1])[0, 0, 0, 0] == 70


def test_a_snapshot_of_the_hub(tmp_path: Path, png: Png) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for split, shades in (("train", [10, 20]), ("validation", [30, 40])):
        pq.write_table(table(png, shades, [0, 1]), data / f"{split}-00000-of-00001.parquet")
    for reader in ("huggingface", "parquet"):
        assert open_dataset(f"{reader}:{tmp_path}").read([0])[0, 0, 0, 0] == 10
        other = open_dataset(in_split(f"{reader}:{tmp_path}"))
        assert (other.read([0])[0, 0, 0, 0], other.class_names) == (30, ("cat", "dog"))


def test_what_cannot_be_read_is_said(saved: Path) -> None:
    with pytest.raises(CrozeError, match="must be one of train, test, got 'val'"):
        open_dataset(f"huggingface:{saved}?split=val")
    file = saved / "test" / "data-00000-of-00001.arrow"
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(CrozeError, match=r"Cannot read .*as a table of Hugging Face datasets"):
        open_dataset(f"huggingface:{saved}?split=test")
    (saved / "empty").mkdir()
    with pytest.raises(CrozeError, match="has no"):
        open_dataset(f"huggingface:{saved / 'empty'}")
