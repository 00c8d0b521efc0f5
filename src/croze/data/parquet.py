"""Tables with a column of encoded images and a column of labels, as data hubs serve them.

`parquet` reads Parquet files; `huggingface` a folder that `datasets` saved, or a snapshot of a hub's
repository.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from croze.data.dataset import MEASURED_IMAGES, Indices, evenly_spaced
from croze.data.encoded import LARGEST_SIZE, EncodedDataset, channels_of
from croze.data.folder import SPLITS
from croze.data.guard import guarded
from croze.data.labels import integer_labels
from croze.data.spec import Spec
from croze.errors import CrozeError

_ROLES = {
    "image": ("bytes, or a struct with 'bytes'", ("img", "image")),
    "label": ("whole numbers", ("label", "labels", "fine_label")),
}
"""What a column must hold, and names that are preferred."""
_OPTIONS = ("image", "label", "size", "classes", "channels", "split")
_MOST_CLASSES = 1_000_000
_MEASURED_GROUPS = 32


@dataclass(frozen=True)
class _RowGroup:
    path: Path
    number: int
    start: int  # of its first row in the data set
    offset: int  # of its first row in the file
    rows: int


class ParquetDataset(EncodedDataset):
    """The rows of a parquet file, or of all *.parquet files of a folder in the order of their names.

    Where the names begin with those of splits, as in `train-00000-of-00002.parquet`, `split=train|val|test`
    chooses one (`train` unless told); such files may also lie in a folder `data`.

    The image column holds the bytes of an image file, or a struct that has them as `bytes`. Among several
    such columns `img` and `image` are preferred; among several integer columns `label`, `labels` and
    `fine_label`. Options: `image=COLUMN`, `label=COLUMN`, `size=SIDE`, `classes=COUNT`, `channels=COUNT`.
    Labels are read at once, images by the row group.

    The normalisation is measured over images that are evenly spaced in at most 32 evenly spaced row
    groups: all of CIFAR-10's 25, and not the whole of a file of many gigabytes.

    Raises:
        CrozeError: without pyarrow; on a wrong spec, a damaged file, missing or ambiguous columns, or
            labels that are missing, no whole numbers or out of range.
    """

    def __init__(self, spec: Spec) -> None:
        spec.allow(*_OPTIONS)
        image, label = spec.options.get("image"), spec.options.get("label")
        names: tuple[str, ...] = ()
        self._groups: list[_RowGroup] = []
        labels: list[Indices] = []
        start = 0
        for path in _files(spec):
            with (
                guarded(f"Cannot read the parquet file '{path}', copy or download it again"),
                _pyarrow_parquet().ParquetFile(path) as file,
            ):
                image = _column(file.schema_arrow, "image", image, path)
                label = _column(file.schema_arrow, "label", label, path)
                names = names or _class_names(file.schema_arrow, label)
                offset = 0
                for number in range(file.num_row_groups):
                    rows = file.metadata.row_group(number).num_rows
                    self._groups.append(_RowGroup(path, number, start, offset, rows))
                    start, offset = start + rows, offset + rows
                labels.append(_read_labels(file, label, path))
        assert image is not None
        self._image = image
        self._starts = [group.start for group in self._groups]
        super().__init__(spec.text, np.concatenate(labels), *_settings(spec, names))

    def _encoded(self, indices: Indices) -> Iterator[tuple[int, str, bytes]]:
        by_group: dict[int, list[int]] = {}
        for position, index in enumerate(indices.tolist()):
            # Groups without rows share their start with the next one, which the search from the right finds.
            by_group.setdefault(bisect_right(self._starts, index) - 1, []).append(position)
        for number, positions in sorted(by_group.items()):
            group = self._groups[number]
            rows = [int(indices[position]) - group.start for position in positions]
            cells = _read_cells(group, self._image, rows)
            for position, row, cell in zip(positions, rows, cells, strict=True):
                data = cell.get("bytes") if isinstance(cell, dict) else cell
                name = f"the image in row {group.offset + row} of '{group.path}'"
                if data is None:
                    raise CrozeError(
                        f"There are no bytes for {name}, column '{self._image}': fill it or remove the row."
                    )
                yield position, name, data

    def _measured_indices(self) -> Indices:
        filled = [group for group in self._groups if group.rows]
        chosen = [filled[k] for k in evenly_spaced(len(filled), _MEASURED_GROUPS)]
        rows = np.concatenate([np.arange(group.start, group.start + group.rows) for group in chosen])
        return rows[evenly_spaced(len(rows), MEASURED_IMAGES)]


class HuggingFaceDataset(EncodedDataset):
    """A split of a folder that `Dataset.save_to_disk` or `DatasetDict.save_to_disk` wrote; options as above.

    Files are mapped into memory; nothing of them is run.

    Raises:
        CrozeError: as `ParquetDataset`.
    """

    def __init__(self, spec: Spec) -> None:
        import pyarrow

        root = _split_of(spec, arrow_splits(spec.location("folder")))
        tables = []
        for path in sorted(root.glob("*.arrow")):
            with guarded(f"Cannot read '{path}' as a table of Hugging Face datasets, save it again"):
                tables.append(pyarrow.ipc.open_stream(pyarrow.memory_map(str(path))).read_all())
        with guarded(f"The files of '{root}' do not belong together, save them again"):
            self._table = pyarrow.concat_tables(tables)
        schema = self._table.schema
        self._image = _column(schema, "image", spec.options.get("image"), root)
        label = _column(schema, "label", spec.options.get("label"), root)
        labels = integer_labels(self._table.column(label).to_numpy(), f"'{root}'")
        super().__init__(spec.text, labels, *_settings(spec, _class_names(schema, label)))
        self._root = root

    def _encoded(self, indices: Indices) -> Iterator[tuple[int, str, bytes]]:
        with guarded(f"Cannot read the images of '{self._root}', save them again"):
            cells = self._table.column(self._image).take(indices).to_pylist()
        for position, cell in enumerate(cells):
            name = f"the image in row {indices[position]} of '{self._root}'"
            data = cell.get("bytes") if isinstance(cell, dict) else cell
            if data is None:
                raise CrozeError(f"There are no bytes for {name}: save the images themselves.")
            yield position, name, data


def open_huggingface(spec: Spec) -> EncodedDataset:
    """A folder of Hugging Face datasets: saved by them, or of Parquet files as on the hub."""
    spec.allow(*_OPTIONS)
    _pyarrow_parquet()
    return HuggingFaceDataset(spec) if arrow_splits(spec.location("folder")) else ParquetDataset(spec)


def arrow_splits(root: Path) -> dict[str, Path]:
    """The folders of the splits that `datasets` saved, train first; a single data set counts as train."""
    if next(root.glob("*.arrow"), None):
        return {"train": root}
    found = ((split, root / name) for split, names in SPLITS.items() for name in names)
    return {split: folder for split, folder in found if next(folder.glob("*.arrow"), None)}


def huggingface_splits(root: Path) -> dict[str, Any]:
    """The splits of a folder of `open_huggingface`, train first."""
    return arrow_splits(root) or parquet_splits(root)


def parquet_splits(folder: Path) -> dict[str, list[Path]]:
    """The files of each split of a folder; all of them as `` where names do not tell."""
    places = [folder, folder / "data"]
    files = next((listed for place in places if (listed := sorted(place.glob("*.parquet")))), [])
    known = {name: split for split, names in SPLITS.items() for name in names}
    found: dict[str, list[Path]] = {}
    for file in files:
        split = known.get(re.split(r"[-.]", file.name)[0].lower(), "")
        found.setdefault(split, []).append(file)
    return found if "" not in found else {"": files}


def _settings(
    spec: Spec, names: tuple[str, ...]
) -> tuple[int | None, int | None, int | None, tuple[str, ...]]:
    classes = spec.integer("classes", _MOST_CLASSES) or len(names) or None
    return classes, spec.integer("size", LARGEST_SIZE), channels_of(spec), names


def _split_of(spec: Spec, splits: dict[str, Any]) -> Any:
    """The split that the spec asks for: the first one unless told."""
    return splits[spec.choice("split", tuple(splits))]


def _class_names(schema: Any, label: str) -> tuple[str, ...]:
    """Names of the classes, as Hugging Face's datasets note them in a table."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        names = features[label]["names"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return ()
    return tuple(names) if isinstance(names, list) and all(isinstance(name, str) for name in names) else ()


def _pyarrow_parquet() -> Any:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise CrozeError("Reading parquet files needs pyarrow: pip install 'croze[parquet]'.") from error
    return pyarrow.parquet


def _files(spec: Spec) -> list[Path]:
    path = spec.location()
    if not path.is_dir():
        return [path]
    with guarded(f"Cannot list the folder '{path}'"):
        splits = parquet_splits(path)
    if not splits:
        raise CrozeError(f"The folder '{path}' has no *.parquet files: name another folder or a file.")
    if "" in splits:
        if "split" in spec.options:
            raise CrozeError(f"The names of the files in '{path}' tell no splits: leave split out.")
        return splits[""]
    files: list[Path] = _split_of(spec, {split: splits[split] for split in SPLITS if split in splits})
    return files


def _column(schema: Any, role: str, wanted: str | None, path: Path) -> str:
    """The column of the images or of the labels: the wanted one, a preferred one, or the only one."""
    form, preferred = _ROLES[role]
    fits = _holds_bytes if role == "image" else _holds_whole_numbers
    fitting = [field.name for field in schema if fits(field.type)]
    if wanted is not None:
        if wanted in fitting:
            return wanted
        problem = f"has no column '{wanted}' of {form}"
    elif found := [name for name in preferred if name in fitting] or fitting[: len(fitting) == 1]:
        return found[0]
    else:
        problem = f"has {'several columns' if fitting else 'no column'} of {form}"
    columns = ", ".join(f"{field.name} ({field.type})" for field in schema)
    raise CrozeError(
        f"The parquet file '{path}' {problem} for the {role}s: choose one with the option {role}=COLUMN; "
        f"it has {columns or 'no columns'}."
    )


def _holds_whole_numbers(kind: Any) -> bool:
    import pyarrow

    return bool(pyarrow.types.is_integer(kind))


def _holds_bytes(kind: Any) -> bool:
    import pyarrow

    if pyarrow.types.is_struct(kind):
        index = kind.get_field_index("bytes")
        return index >= 0 and _holds_bytes(kind.field(index).type)
    return bool(pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind))


def _read_labels(file: Any, column: str, path: Path) -> Indices:
    values = file.read(columns=[column]).column(column)
    if values.null_count:
        raise CrozeError(
            f"The column '{column}' of '{path}' has {values.null_count} rows without a label: fill them."
        )
    return integer_labels(values.to_numpy(), f"'{path}'")


def _read_cells(group: _RowGroup, column: str, rows: list[int]) -> list[Any]:
    """The cells of `rows` within the row group: bytes, a mapping with 'bytes', or None."""
    with (
        guarded(
            f"Cannot read row group {group.number} of the parquet file '{group.path}', download it again"
        ),
        _pyarrow_parquet().ParquetFile(group.path) as file,
    ):
        # Of a struct only its bytes: a hub often keeps the file's name beside them.
        is_struct = file.schema_arrow.field(column).type.num_fields > 0
        name = f"{column}.bytes" if is_struct else column
        table = file.read_row_group(group.number, columns=[name])
        cells: list[Any] = table.column(column).take(rows).to_pylist()
        return cells
