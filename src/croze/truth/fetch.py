"""Files over the network: what was broken off goes on, and only checked content gets its name."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from croze.errors import CrozeError
from croze.truth.catalogue import KnownFile

PARTIAL = ".part"
"""What the name of a file ends with as long as it is not whole and checked."""

CHUNK = 2**18

SECONDS = 30.0
"""Longest wait for an answer or for more of it."""


def fetch(file: KnownFile, folder: Path, watch: Callable[[int], None] | None = None) -> Path:
    """The file in the folder, fetched unless it is there and as published.

    Args:
        file: one with a direct address.
        folder: where to; made where it is missing.
        watch: told how many bytes there are.

    Raises:
        CrozeError: when the address cannot be reached, what comes is not the published file, or the folder
            cannot be written. What has come so far stays beside the file, for the next call to go on.
    """
    target = folder / PurePosixPath(file.name)
    if target.is_file():
        problem = _difference(file, target)
        if not problem:
            return target
        raise CrozeError(f"{target} is there already and another file: {problem}; move it away first.")
    partial = target.parent / f"{target.name}{PARTIAL}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _download(file, partial, watch)
        problem = _difference(file, partial)
        if problem:
            partial.unlink()
            raise CrozeError(f"{file.url} is not the file that was published: {problem}.")
        os.replace(partial, target)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as trouble:
        reason = getattr(trouble, "reason", None) or trouble
        said = getattr(reason, "strerror", None) or str(reason) or type(trouble).__name__
        raise CrozeError(f"Cannot fetch {file.url}: {said}.") from trouble
    except OSError as trouble:
        raise CrozeError(f"Cannot write {target}: {trouble.strerror or trouble}.") from trouble
    return target


def _download(file: KnownFile, partial: Path, watch: Callable[[int], None] | None) -> None:
    """All of the file, behind what is there of it; begins anew where the server cannot go on."""
    done = partial.stat().st_size if partial.exists() else 0
    if file.size is not None and done >= file.size:
        if done == file.size:
            return
        partial.unlink()
        done = 0
    request = urllib.request.Request(file.url, headers={"Range": f"bytes={done}-"} if done else {})
    try:
        answer = urllib.request.urlopen(request, timeout=SECONDS)
    except urllib.error.HTTPError as problem:
        if problem.code != 416 or not done:  # 416: nothing lies behind what is there
            raise
        partial.unlink()
        _download(file, partial, watch)
        return
    with answer:
        goes_on = answer.status == 206
        done = done if goes_on else 0
        length = answer.headers.get("Content-Length")
        total = file.size if file.size is not None else (done + int(length) if length else None)
        with partial.open("ab" if goes_on else "wb") as out:
            while chunk := answer.read(CHUNK):
                out.write(chunk)
                done += len(chunk)
                if watch is not None:
                    watch(done)
        if total is not None and done < total:
            raise ConnectionError(
                f"it ended after {done:,} of {total:,} bytes; the same command goes on there"
            )


def _difference(file: KnownFile, path: Path) -> str:
    """In which way the content is not the published one; empty when it is, or nothing is known of it."""
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        return f"expected {file.size:,} bytes, got {size:,}"
    if file.sha256:
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        if digest != file.sha256:
            return f"expected SHA-256 {file.sha256}, got {digest}"
    return ""
