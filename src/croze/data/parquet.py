"""Parquet files with a column of encoded images and a column of labels, as data hubs serve them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from croze.data.dataset import MEASURED_IMAGES, Indices, evenly_spaced
from croze.data.encoded import LARGEST_SIZE, EncodedDataset
from croze.data.guard import guarded
from croze.data.labels import integer_labels
from croze.data.spec import Spec
from croze.errors import CrozeError

_ROLES = {
    "image": ("bytes, or a struct with 'bytes'", ("img", "image")),
    "label": ("whole numbers", ("label", "labels", "fine_label")),
}
"""What a column must hold, and names that are preferred."""
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

    The image column holds the bytes of an image file, or a struct that has them as `bytes`. Among several
    such columns `img` and `image` are preferred; among several integer columns `label`, `labels` and
    `fine_label`. Options: `image=COLUMN`, `label=COLUMN`, `size=SIDE`, `classes=COUNT`. Labels are read at
    once, images by the row group.

    The normalisation is measured over images that are evenly spaced in at most 32 evenly spaced row
    groups: all of CIFAR-10's 25, and not the whole of a file of many gigabytes.

    Raises:
        CrozeError: without pyarrow; on a wrong spec, a damaged file, missing or ambiguous columns, or
            labels that are missing, no whole numbers or out of range.
    """

    def __init__(self, spec: Spec) -> None:
        spec.allow("image", "label", "size", "classes")
        image, label = spec.options.get("image"), spec.options.get("label")
        self._groups: list[_RowGroup] = []
        labels: list[Indices] = []
        start = 0
        for path in _files(spec.location()):
            with (
                guarded(f"Cannot read the parquet file '{path}', copy or download it again"),
                _pyarrow_parquet().ParquetFile(path) as file,
            ):
                image = _column(file.schema_arrow, "image", image, path)
                label = _column(file.schema_arrow, "label", label, path)
                offset = 0
                for number in range(file.num_row_groups):
                    rows = file.metadata.row_group(number).num_rows
                    self._groups.append(_RowGroup(path, number, start, offset, rows))
                    start, offset = start + rows, offset + rows
                labels.append(_read_labels(file, label, path))
        assert image is not None
        self._image = image
        self._starts = [group.start for group in self._groups]
        classes, side = spec.integer("classes", _MOST_CLASSES), spec.integer("size", LARGEST_SIZE)
        super().__init__(spec.text, np.concatenate(labels), classes, side)

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


def _pyarrow_parquet() -> Any:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise CrozeError("Reading parquet files needs pyarrow: pip install 'croze[parquet]'.") from error
    return pyarrow.parquet


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    with guarded(f"Cannot list the folder '{path}'"):
        files = sorted(file for file in path.iterdir() if file.suffix == ".parquet")
    if not files:
        raise CrozeError(f"The folder '{path}' has no *.parquet files: name another folder or a file.")
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
