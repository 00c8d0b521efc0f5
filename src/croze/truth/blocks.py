"""What a long conversion has done so far, block by block, in the cache."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.files import write_bytes
from croze.truth.cache import folder
from croze.truth.raw import RawFiles

Block = tuple[NDArray[np.float64], list[str]]
"""Values of some cells, `(cells, values)`, and the digest of the file of each."""


class Blocks:
    """Blocks of one conversion; those of other raw files or another version are not found.

    Where nothing can be kept, `load` finds nothing and `store` does nothing.
    """

    def __init__(self, name: str, version: int, raw: RawFiles) -> None:
        identity = raw.fingerprint()
        self._folder: Path | None = None
        if identity is not None:
            text = json.dumps([name, version, raw.options, identity], sort_keys=True)
            key = hashlib.sha256(text.encode()).hexdigest()[:32]
            with suppress(RuntimeError):  # there is no home folder
                self._folder = folder() / f"{name}-{key}.blocks"

    def load(self, first: int) -> Block | None:
        """The block that begins with this cell; None where it has not been stored, or is damaged."""
        if self._folder is None:
            return None
        try:
            digest, _, text = self._file(first).read_text(encoding="utf-8").partition("\n")
            if hashlib.sha256(text.encode()).hexdigest() != digest:
                return None
            values, digests = json.loads(text)
        except (OSError, ValueError):
            return None
        return np.array(values, dtype=np.float64), digests

    def store(self, first: int, values: NDArray[np.float64], digests: list[str]) -> None:
        """Keep the block that begins with this cell."""
        if self._folder is None:
            return
        text = json.dumps([values.tolist(), digests])
        with suppress(CrozeError):
            digest = hashlib.sha256(text.encode()).hexdigest()
            write_bytes(self._file(first), f"{digest}\n{text}".encode())

    def _file(self, first: int) -> Path:
        assert self._folder is not None
        return self._folder / f"{first:06d}.json"
