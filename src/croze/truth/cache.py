"""Compact tables of truths that were read before, so that raw files are converted once.

A table's key is made of what identifies the raw files, so a changed file is never answered from an old
table. What cannot be written is done without; what is damaged is made again. A table is a digest, a header in
JSON, and the numbers as they lie in memory:

```
croze table 3
<SHA-256 of all that follows, in hex>
<length of the header, 8 bytes><header, padded with blanks to whole eights>
<int64 representatives><float64 columns>
```
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.files import write_bytes
from croze.truth.columns import Column
from croze.truth.raw import RawFiles
from croze.truth.truth import Provenance, Truth

VARIABLE = "CROZE_CACHE"
"""Environment variable that names the folder of the cache."""

KEPT = 32
"""Tables that stay: those used last."""

SUFFIX = ".table"

MAGIC = b"croze table 3\n"

_START = len(MAGIC) + 65
"""Where the checked part begins: behind the digest and its line end."""

Block = tuple[NDArray[np.float64], list[str]]
"""Values of some cells, `(cells, values)`, and the digest of the file of each."""


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
    """The place of one truth in the cache, before its reader, of this version, reads its raw files."""

    def __init__(self, name: str, version: int, dataset: str, raw: RawFiles) -> None:
        self._raw = raw
        self._identity = [name, version, dataset.lower()]
        self._key = _key(self._identity, raw)
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
        if self.file is None or _key(self._identity, self._raw) != self._key:
            return
        with suppress(CrozeError, OSError, ValueError):
            write_bytes(self.file, pack(truth, self._key))
            _forget(self.file.parent)


def _key(identity: list[Any], raw: RawFiles) -> str:
    """Says what is made of which content; empty where nothing identifies the files."""
    content = raw.fingerprint()
    if content is None:
        return ""
    text = json.dumps([*identity, raw.options, content], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _forget(place: Path) -> None:
    """Remove the tables that were not used for longest."""
    by_use = []
    for file in place.glob(f"*{SUFFIX}"):
        with suppress(OSError):  # another process may have removed it
            by_use.append((file.stat().st_mtime_ns, file))
    for _, file in sorted(by_use, reverse=True)[KEPT:]:
        with suppress(OSError):
            file.unlink()


def pack(truth: Truth, key: str) -> bytes:
    """The truth as bytes; `key` says what it was made of, and `unpack` wants it back."""
    header = {
        "key": key,
        "byteorder": sys.byteorder,
        "name": truth.name,
        "dataset": truth.dataset,
        "space": truth.space,
        "network": dict(truth.network),
        "sha256": dict(truth.provenance.sha256),
        "columns": list(truth.columns),
        "architectures": truth.architectures,
        "names": truth.names,
        "training": truth.training,
        "declared": {name: vars(column) for name, column in truth.declared.items()},
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(_START + 8 + len(text)) % 8)
    body = b"".join(
        [
            len(text).to_bytes(8, "little"),
            text,
            np.ascontiguousarray(truth.representative, dtype=np.int64).tobytes(),
            *(np.ascontiguousarray(v, dtype=np.float64).tobytes() for v in truth.columns.values()),
        ]
    )
    return MAGIC + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def unpack(content: bytes, key: str, source: str) -> Truth:
    """The truth that `pack` wrote for this key and that lies at `source` now; its arrays view the bytes.

    Raises:
        ValueError: for anything but what `pack` made of this key.
    """
    if content[: len(MAGIC)] != MAGIC:
        raise ValueError("no table")
    body = memoryview(content)[_START:]
    if hashlib.sha256(body).hexdigest().encode() + b"\n" != content[len(MAGIC) : _START]:
        raise ValueError("the digest is another one")
    try:
        end = 8 + int.from_bytes(body[:8], "little")
        header: dict[str, Any] = json.loads(bytes(body[8:end]))
        if (header["key"], header["byteorder"]) != (key, sys.byteorder):
            raise ValueError("made of something else")
        architectures, names = tuple(header["architectures"]), header["columns"]
        count = len(architectures)
        numbers = np.frombuffer(body[end:], dtype=np.float64)
        if numbers.size != count * (1 + len(names)):
            raise ValueError("another number of values than the header says")
        rows = numbers.reshape(-1, count)
        return Truth(
            header["name"],
            header["dataset"],
            architectures,
            rows[0].view(np.int64),
            dict(zip(names, rows[1:], strict=True)),
            Provenance(source, header["sha256"]),
            header["space"],
            header["network"],
            None if header["names"] is None else tuple(header["names"]),
            header["training"],
            {name: Column(**column) for name, column in header["declared"].items()},
        )
    except (KeyError, TypeError, CrozeError) as problem:
        raise ValueError(str(problem)) from None


class Blocks:
    """Blocks of one conversion; those of other raw files or another version are not found.

    Where nothing can be kept, `load` finds nothing and `store` does nothing.
    """

    def __init__(self, name: str, version: int, raw: RawFiles) -> None:
        key = _key([name, version], raw)
        self._folder: Path | None = None
        if key:
            with suppress(RuntimeError):  # there is no home folder
                self._folder = folder() / f"{name}-{key[:32]}.blocks"

    def load(self, first: int) -> Block | None:
        """The block that begins with this cell; None where it has not been stored, or is damaged."""
        if self._folder is None:
            return None
        try:
            digest, _, text = _block(self._folder, first).read_text(encoding="utf-8").partition("\n")
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
            write_bytes(_block(self._folder, first), f"{digest}\n{text}".encode())


def _block(folder: Path, first: int) -> Path:
    return folder / f"{first:06d}.json"
