"""The files of the catalogue: which are as published, which differ or are missing, and fetching them."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from croze.errors import CrozeError
from croze.truth.catalogue import CATALOGUE, KnownFile, Source
from croze.truth.raw import RawFiles
from croze.truth.truth import Truth

MOST = 2
"""Files that a sentence about damaged ones names."""

PARTIAL = ".part"
"""What the name of a file ends with as long as it is not whole and checked."""

CHUNK = 2**18

SECONDS = 30.0
"""Longest wait for an answer or for more of it."""


def find_source(name: str) -> Source:
    """The catalogue's entry.

    Raises:
        CrozeError: there is none of this name.
    """
    try:
        return CATALOGUE[name]
    except KeyError:
        raise CrozeError(f"Unknown source {name!r}: expected one of {', '.join(CATALOGUE)}.") from None


def content_notes(truth: Truth) -> list[str]:
    """What the catalogue knows of the files that a truth was read from, a sentence each.

    A file that is not the published one may well be right: a sample, or a newer release.
    """
    source = CATALOGUE.get(truth.name)
    known = [file for file in source.files if file.sha256 and _is_of(file, truth.dataset)] if source else []
    if not known:
        return ["No published content is known to compare with."]
    by_name = {file.name.lower(): file for file in known}
    digests = {file.sha256 for file in known}
    read = truth.provenance.sha256
    same = [name for name, digest in read.items() if digest in digests]
    differing = [by_name[n.lower()] for n, d in read.items() if n.lower() in by_name and d not in digests]
    foreign = [n for n, d in read.items() if d not in digests and n.lower() not in by_name]
    notes = [f"{len(same)} of {len(read)} files are as published."] if same else []
    notes += [
        f"{file.name} is not the published one, which has {file.size:,} bytes and SHA-256 "
        f"{file.sha256[:12]}...: a sample, another release, or damaged."
        for file in differing
    ]
    if foreign and not same:
        notes.append(f"{', '.join(foreign)}: not the file that was published as {known[0].name}.")
    present = {name.lower() for name in read} | {f.name.lower() for f in known if f.sha256 in read.values()}
    missing = [file.name for file in known if file.name.lower() not in present]
    if missing and len(known) > 1:
        notes.append(f"{len(missing)} of {len(known)} published files are not there: {', '.join(missing)}.")
    return notes


def shortcomings(name: str, raw: RawFiles | None) -> str:
    """What to add to a reader's objection: which files differ from the published ones of the same name.

    Returns:
        Sentences with a blank before each; empty where nothing is known or nothing differs.
    """
    if name not in CATALOGUE or raw is None:
        return ""
    known = {file.name.lower(): file for file in CATALOGUE[name].files}
    named = [(known[label.lower()], path) for label, path in raw.files.items() if label.lower() in known]
    found = [f" {difference}" for file, path in named if (difference := compare(file, path))]
    if len(found) > MOST:
        found[MOST:] = [f" {len(found) - MOST} more files differ."]
    return "".join(found)


def compare(known: KnownFile, path: Path) -> str:
    """In which way a file differs from the published one; empty when it does not, or nothing is known."""
    try:
        size = path.stat().st_size
        if known.size is not None and size != known.size:
            return f"The published {known.name} has {known.size:,} bytes, this one {size:,}."
        if known.sha256:
            with path.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            if digest != known.sha256:
                return (
                    f"The published {known.name} has SHA-256 {known.sha256[:12]}..., "
                    f"this one {digest[:12]}...."
                )
    except OSError as problem:
        return f"{path} cannot be read: {problem.strerror or problem}."
    return ""


def standing(source: Source, folder: Path) -> Mapping[str, str]:
    """Of every known file of a source, whether it is in a folder: `as published`, `missing`, or what differs.

    `there` is one whose content is not known.
    """
    found = {}
    for file in source.files:
        path = folder / PurePosixPath(file.name)
        if not path.is_file():
            found[file.name] = "missing"
        else:
            found[file.name] = compare(file, path) or ("as published" if file.sha256 else "there")
    return found


def _is_of(file: KnownFile, dataset: str) -> bool:
    """Whether a file belongs to a data set: those without a folder belong to all."""
    parts = PurePosixPath(file.name).parts
    return len(parts) == 1 or parts[0].lower() == dataset


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
        if difference := compare(file, target):
            raise CrozeError(f"{target} is there already, move it away first. {difference}")
        return target
    partial = target.parent / f"{target.name}{PARTIAL}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _download(file, partial, watch)
        if difference := compare(file, partial):
            partial.unlink()
            raise CrozeError(f"{file.url} is not the file that was published. {difference}")
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
                f"it ended after {done:,} of {total:,} bytes; the same command resumes the download"
            )
