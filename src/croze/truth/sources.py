"""Raw files held against the catalogue: which are the published ones, which differ, which are missing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from croze.errors import CrozeError
from croze.truth.catalogue import CATALOGUE, KnownFile, Source
from croze.truth.raw import LARGE, RawFiles
from croze.truth.truth import Truth

MOST = 2
"""Files that a sentence about damaged ones names."""


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
    source = CATALOGUE.get(name)
    if source is None:
        return ""
    found = []
    known = {file.name.lower(): file for file in source.files}
    for label, path in (raw.files if raw is not None else {}).items():
        if label.lower() in known and (difference := compare(known[label.lower()], path)):
            found.append(f" {difference}")
    if len(found) > MOST:
        found[MOST:] = [f" {len(found) - MOST} more files differ."]
    return "".join(found)


def compare(known: KnownFile, path: Path) -> str:
    """In which way a file differs from the published one; empty when it does not, or nothing is known."""
    try:
        size = path.stat().st_size
        if known.size is not None and size != known.size:
            return f"The published {known.name} has {known.size:,} bytes, this one {size:,}."
        if known.sha256 and size <= LARGE:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
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
