"""Compact tables of truths that were read before, so that raw files are converted once.

A table's key is made of what identifies the raw files, so a changed file is never answered from an old table.
What cannot be written is done without; what is damaged is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from croze.errors import CrozeError
from croze.files import write_bytes
from croze.truth.packed import pack, unpack
from croze.truth.raw import RawFiles
from croze.truth.truth import Truth

VARIABLE = "CROZE_CACHE"
"""Environment variable that names the folder of the cache."""

KEPT = 32
"""Tables that stay: those used last."""

SUFFIX = ".table"


def folder() -> Path:
    """Where tables lie: `$CROZE_CACHE/truth`, else `croze/truth` in the user's cache folder."""
    named = os.environ.get(VARIABLE, "")
    if named:
        return Path(named).expanduser() / "truth"
    usual = os.environ.get("XDG_CACHE_HOME", "")
    # the specification of the XDG folders has relative ones ignored
    home = Path(usual) if Path(usual).is_absolute() else Path("~/.cache").expanduser()
    return home / "croze" / "truth"


class Cached:
    """The place of one truth in the cache, before its raw files are read.

    Args:
        name: the benchmark.
        version: of its reader.
        dataset: as the reader spells it.
        raw: what the reader is going to read.
    """

    def __init__(self, name: str, version: int, dataset: str, raw: RawFiles) -> None:
        self._raw = raw
        self._identity = [name, version, dataset.lower(), raw.options]
        self._key = self._current_key()
        self.file: Path | None = None
        if self._key:
            stem = "".join(c if c.isalnum() or c in "-_" else "_" for c in f"{name}-{dataset.lower()}")[:80]
            with suppress(RuntimeError):  # there is no home folder
                self.file = folder() / f"{stem}-{self._key[:32]}{SUFFIX}"

    def load(self) -> Truth | None:
        """The truth; None where there is no table of these files, or it is damaged."""
        if self.file is None:
            return None
        try:
            truth = unpack(self.file.read_bytes(), self._key, self._raw.source)
        except (OSError, ValueError):
            return None
        with suppress(OSError):  # used last
            os.utime(self.file)
        return truth

    def store(self, truth: Truth) -> None:
        """Keep a truth that was read since, unless the raw files are not those of then any more."""
        if self.file is None or self._current_key() != self._key:
            return
        with suppress(CrozeError, OSError, ValueError):
            write_bytes(self.file, pack(truth, self._key))
            _forget(self.file.parent)

    def _current_key(self) -> str:
        """Empty where nothing identifies the files."""
        identity = self._raw.fingerprint()
        if identity is None:
            return ""
        return hashlib.sha256(json.dumps([*self._identity, identity], sort_keys=True).encode()).hexdigest()


def _forget(place: Path) -> None:
    """Remove the tables that were not used for longest."""
    by_use = []
    for file in place.glob(f"*{SUFFIX}"):
        with suppress(OSError):  # another process may have removed it
            by_use.append((file.stat().st_mtime_ns, file))
    for _, file in sorted(by_use, reverse=True)[KEPT:]:
        with suppress(OSError):
            file.unlink()
