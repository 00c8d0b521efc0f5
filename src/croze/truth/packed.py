"""A truth as one compact file: a digest, a header in JSON, and the numbers as they lie in memory.

```
croze table 2
<SHA-256 of all that follows, in hex>
<length of the header, 8 bytes><header, padded with blanks to whole eights><int64 twins><float64 columns>
```
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

import numpy as np

from croze.errors import CrozeError
from croze.truth.truth import Provenance, Truth

MAGIC = b"croze table 2\n"

_START = len(MAGIC) + 65
"""Where the checked part begins: behind the digest and its line end."""


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
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(_START + 8 + len(text)) % 8)
    body = b"".join(
        [
            len(text).to_bytes(8, "little"),
            text,
            np.ascontiguousarray(truth.twin, dtype=np.int64).tobytes(),
            *(np.ascontiguousarray(v, dtype=np.float64).tobytes() for v in truth.columns.values()),
        ]
    )
    return MAGIC + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def unpack(content: bytes, key: str, source: str) -> Truth:
    """The truth that `pack` wrote; its arrays are views of the bytes.

    Args:
        content: the file.
        key: as it was given to `pack`.
        source: the folder or file that is named this time, for the provenance.

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
        )
    except (KeyError, TypeError, CrozeError) as problem:
        raise ValueError(str(problem)) from None
