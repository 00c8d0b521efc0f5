"""Of what a folder of corrupted images is: `set.json`, by which an interrupted set goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.corruptions.layout import LABELS, images_of
from croze.corruptions.names import CORRUPTIONS
from croze.errors import CrozeError
from croze.files import to_json, write_text

DESCRIPTION = "set.json"
VERSION = 1
"""Of the corruptions and of the layout: raised when the same call would write other files."""


@dataclass(frozen=True)
class SetIdentity:
    """What has to be the same for two calls to write the same files.

    Attributes:
        images: SHA-256 over images and labels.
        count: of images.
        size: `(H, W)` of them.
        seed: of what is random.
        frost: digest of the textures; None where frost was not asked for.
        version: `VERSION`.
    """

    images: str
    count: int
    size: tuple[int, int]
    seed: int
    frost: str | None
    version: int = VERSION

    @classmethod
    def of(
        cls, chunks: Iterable[NDArray[np.uint8]], labels: NDArray[Any], seed: int, frost: str | None
    ) -> SetIdentity:
        """The identity of images `(n, 3, H, W)` that come in parts."""
        digest, size = hashlib.sha256(labels.astype("<i8").tobytes()), (0, 0)
        for chunk in chunks:
            size = chunk.shape[2], chunk.shape[3]
            digest.update(np.ascontiguousarray(chunk).tobytes())
        return cls(digest.hexdigest(), len(labels), size, seed, frost)

    def claim(self, folder: Path) -> None:
        """Begin the folder, or find that it is of this set already.

        Raises:
            CrozeError: when it holds another set, or files of unknown origin.
        """
        path, wanted = folder / DESCRIPTION, self
        if path.exists():
            found = _read(path)
            # textures differ only where both calls have asked for frost
            wanted = replace(self, frost=self.frost or found.frost)
            there = asdict(replace(found, frost=found.frost or self.frost))
            if differing := [key for key, value in asdict(wanted).items() if there[key] != value]:
                raise CrozeError(
                    f"{folder} holds another set, which differs in {', '.join(differing)}: "
                    "name another folder."
                )
        elif strange := [
            file.name
            for file in (*(images_of(folder, name) for name in CORRUPTIONS), folder / LABELS)
            if file.exists()
        ]:
            raise CrozeError(f"{folder} holds {strange[0]} but no {DESCRIPTION}: name another folder.")
        write_text(path, to_json(asdict(wanted)))


def _read(path: Path) -> SetIdentity:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return SetIdentity(**{**content, "size": tuple(content["size"])})
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise CrozeError(f"{path} is no description of a corrupted data set ({problem}).") from None
