"""A folder with one folder of image files per class."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from croze.data.dataset import Indices
from croze.data.encoded import LARGEST_SIZE, EncodedDataset, channels_of
from croze.data.guard import guarded
from croze.data.spec import Spec
from croze.errors import CrozeError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".ppm", ".pgm", ".pnm", ".gif", ".tif", ".tiff")
_OTHER_IMAGES = (
    ".heic",
    ".heif",
    ".avif",
    ".jp2",
    ".svg",
    ".eps",
    ".psd",
    ".ico",
    ".tga",
    ".dng",
    ".cr2",
    ".nef",
)
"""Suffixes of images that are named, not read."""

SPLITS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
"""What the folders of a split may be called, in lower or upper case."""


class FolderDataset(EncodedDataset):
    """The images below PATH/CLASS/, at any depth.

    Options: `size=SIDE` brings them to one size, `channels=COUNT` to so many channels. Where PATH holds
    folders such as `train`, `val` and `test` and nothing else, `split=train|val|test` chooses one of them
    (`train` unless told). The classes are numbered in the sorted order of the names of their folders, in all
    splits together. Names that begin with a dot are passed over; what else is not read is counted in `notes`.

    Raises:
        CrozeError: on a wrong spec, without class folders, or when none of them has images.
    """

    def __init__(self, spec: Spec) -> None:
        spec.allow("size", "channels", "split")
        top = spec.location("folder")
        splits = splits_of(top)
        if "split" in spec.options and not splits:
            raise CrozeError(f"The folder '{top}' has no folders train, val or test, as split needs.")
        root = splits[spec.choice("split", tuple(splits))] if splits else top
        names = sorted({name for folder in splits.values() for name in _folders(folder)} or _folders(root))
        if not names:
            raise CrozeError(
                f"The folder '{root}' has no class folders: expected images at '{root}/CLASS/IMAGE.png'."
            )
        self._paths: list[Path] = []
        labels: list[int] = []
        others: Counter[str] = Counter()
        for label, name in enumerate(names):
            if (root / name).is_dir():
                found, left = _images_below(root / name)
                others += left
                self._paths += found
                labels += [label] * len(found)
        if not labels:
            raise CrozeError(
                f"The class folders of '{root}' have no images ({', '.join(SUFFIXES)}): add some."
            )
        empty = [name for label, name in enumerate(names) if label not in labels]
        super().__init__(
            spec.text, labels, len(names), spec.integer("size", LARGEST_SIZE), channels_of(spec), names,
            _notes(root, empty, others),
        )  # fmt: skip

    def _encoded(self, indices: Indices) -> Iterator[tuple[int, str, bytes]]:
        for position, index in enumerate(indices):
            path = self._paths[index]
            with guarded(f"Cannot read the image '{path}', check the file"):
                data = path.read_bytes()
            yield position, f"the image '{path}'", data


def splits_of(root: Path) -> dict[str, Path]:
    """The folders of the splits, train first; none where the folder holds anything but splits of classes."""
    known = {name: split for split, names in SPLITS.items() for name in names}
    folders = _folders(root)
    if not folders or any(name.lower() not in known or not _folders(root / name) for name in folders):
        return {}
    found = {known[name.lower()]: root / name for name in folders}
    return {split: found[split] for split in SPLITS if split in found}


def _folders(root: Path) -> list[str]:
    with guarded(f"Cannot list the folder '{root}', check its permissions"):
        return sorted(entry.name for entry in os.scandir(root) if entry.is_dir() and _visible(entry.name))


def _images_below(root: Path) -> tuple[list[Path], Counter[str]]:
    """The images in order, and how many other files there are by suffix."""
    found: list[Path] = []
    others: Counter[str] = Counter()
    for folder, subfolders, files in os.walk(root, onerror=_raise):
        subfolders[:] = filter(_visible, subfolders)
        for name in filter(_visible, files):
            suffix = Path(name).suffix.lower()
            if suffix in SUFFIXES:
                found.append(Path(folder, name))
            else:
                others[suffix] += 1
    return sorted(found), others


def _notes(root: Path, empty: list[str], others: Counter[str]) -> list[str]:
    with guarded(f"Cannot list the folder '{root}', check its permissions"):
        loose = sum(e.is_file() and Path(e.name).suffix.lower() in SUFFIXES for e in os.scandir(root))
    images = {suffix: count for suffix, count in others.items() if suffix in _OTHER_IMAGES}
    notes = []
    if empty:
        notes.append(f"No images of {len(empty):,} classes: {', '.join(empty[:5])}.")
    if loose:
        notes.append(f"{loose:,} images directly in '{root}' have no class and are left out.")
    if images:
        listed = ", ".join(f"{count:,} {suffix}" for suffix, count in sorted(images.items()))
        notes.append(f"Images of formats that are not read: {listed}.")
    if rest := others.total() - sum(images.values()):
        notes.append(f"{rest:,} files that are no images are left out.")
    return notes


def _visible(name: str) -> bool:
    return not name.startswith(".")


def _raise(error: OSError) -> None:
    raise CrozeError(
        f"Cannot list the folder '{error.filename}', check its permissions ({error.strerror})."
    ) from error
