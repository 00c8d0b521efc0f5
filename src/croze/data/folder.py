"""A folder with one folder of image files per class."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from croze.data.dataset import Indices
from croze.data.encoded import LARGEST_SIZE, EncodedDataset
from croze.data.guard import guarded
from croze.data.spec import Spec
from croze.errors import CrozeError

_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".ppm")


class FolderDataset(EncodedDataset):
    """The images below PATH/CLASS/, at any depth; option `size=SIDE` brings them to one size.

    The classes are numbered in the sorted order of their folders' names. Names that begin with a dot are
    passed over, and so are files that are not png, jpg, jpeg, bmp, webp or ppm.

    Raises:
        CrozeError: on a wrong spec, without class folders, or when one of them has no images.
    """

    def __init__(self, spec: Spec) -> None:
        spec.allow("size")
        root = spec.location("folder")
        with guarded(f"Cannot list the folder '{root}', check its permissions"):
            names = sorted(
                entry.name for entry in os.scandir(root) if entry.is_dir() and _visible(entry.name)
            )
        if not names:
            raise CrozeError(
                f"The folder '{root}' has no class folders: expected images at '{root}/CLASS/IMAGE.png'."
            )
        self._paths: list[Path] = []
        labels: list[int] = []
        for label, name in enumerate(names):
            found = _images_below(root / name)
            if not found:
                raise CrozeError(
                    f"The class folder '{root / name}' has no images ({', '.join(_SUFFIXES)}): "
                    "add some or remove the folder."
                )
            self._paths += found
            labels += [label] * len(found)
        super().__init__(spec.text, labels, len(names), spec.integer("size", LARGEST_SIZE))

    def _encoded(self, indices: Indices) -> Iterator[tuple[int, str, bytes]]:
        for position, index in enumerate(indices):
            path = self._paths[index]
            with guarded(f"Cannot read the image '{path}', check the file"):
                data = path.read_bytes()
            yield position, f"the image '{path}'", data


def _images_below(root: Path) -> list[Path]:
    found: list[Path] = []
    for folder, subfolders, files in os.walk(root, onerror=_raise):
        subfolders[:] = filter(_visible, subfolders)
        found += [Path(folder, name) for name in files if _visible(name) and name.lower().endswith(_SUFFIXES)]
    return sorted(found)


def _visible(name: str) -> bool:
    return not name.startswith(".")


def _raise(error: OSError) -> None:
    raise CrozeError(
        f"Cannot list the folder '{error.filename}', check its permissions ({error.strerror})."
    ) from error
