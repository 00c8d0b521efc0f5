"""Corrupted data sets in the layout of CIFAR-10-C, written and read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from croze.corruptions.apply import corrupt
from croze.corruptions.base import cut
from croze.corruptions.frost_textures import FrostTextures
from croze.corruptions.names import CORRUPTIONS, SEVERITIES, Corruption, parse_corruptions
from croze.errors import CrozeError
from croze.files import read_json, shaped, to_json, write_text

LABELS = "labels.npy"
DESCRIPTION = "set.json"
VERSION = 1
"""Of the corruptions and of the layout: raised when the same call would write other files."""


@dataclass(frozen=True)
class SetIdentity:
    """What has to be the same for two calls to write the same files.

    `images` is a SHA-256 over images and labels, `frost` a digest of the textures, None where frost was not
    asked for.
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
        """Begin the folder, or find that it is of this set; CrozeError when it holds something else."""
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
            file for file in (*(f"{name}.npy" for name in CORRUPTIONS), LABELS) if (folder / file).exists()
        ]:
            raise CrozeError(f"{folder} holds {strange[0]} but no {DESCRIPTION}: name another folder.")
        write_text(path, to_json(asdict(wanted)))


def _read(path: Path) -> SetIdentity:
    try:
        found: SetIdentity = shaped(read_json(path), SetIdentity)
    except CrozeError as problem:
        raise CrozeError(f"{path} is no description of a corrupted data set ({problem}).") from None
    return found


CHUNK = 500
"""Images between two calls of `watch`."""

Watch = Callable[[int, int, str], None]
"""Called with how many of how many images are done, and the name of the corruption."""


class Source(Protocol):
    """Images that are read on demand: every `croze.data.Dataset` is one."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def read(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Those at the indices, `(n, 3, H, W)`."""
        ...


def write_set(
    folder: str | Path,
    images: NDArray[np.uint8] | Source,
    labels: Sequence[int] | NDArray[np.integer[Any]],
    corruptions: Sequence[str] = CORRUPTIONS,
    seed: int = 0,
    frost: FrostTextures | None = None,
    watch: Watch = lambda done, total, name: None,
) -> list[Path]:
    """Write `<corruption>.npy`, uint8 `(5 * N, H, W, 3)` with severity 1 first, and `labels.npy`, `(5 * N,)`.

    A corruption of which not all severities are asked for has a file each, `fog@3.npy`, `(N, H, W, 3)`.
    Values are cut off to 8 bits, not rounded, as in CIFAR-10-C. A file appears when it is whole. Killed at
    any moment, the same call keeps the files that are there and writes the others; so does one that asks for
    more corruptions. `set.json` says of which images, seed and frost the files are.

    Args:
        folder: made if need be.
        images: N of them, an array `(N, 3, H, W)` or what reads such.
        labels: N whole numbers.
        corruptions: names, long or short, or those of one severity such as `fog@3`.
        seed: of what is random.
        frost: the textures of frost; procedural ones without.
        watch: see `Watch`; an image counts at every severity of every corruption.

    Returns:
        The files of the corruptions, in the order of `corruptions`.

    Raises:
        CrozeError: for no images, labels that do not fit, an unknown corruption, a folder that holds
            something else or that another process is writing to, or when a file cannot be written.
    """
    folder, asked = Path(folder), parse_corruptions(",".join(dict.fromkeys(corruptions)))
    severities = {one.name: [other.severity for other in asked if other.name == one.name] for one in asked}
    files = [
        piece
        for name, some in severities.items()
        for piece in (
            [(name, name, SEVERITIES)]
            if len(some) == len(SEVERITIES)
            else [(f"{name}@{severity}", name, (severity,)) for severity in some]
        )
    ]
    numbers = np.asarray(labels)
    if not len(images) or numbers.shape != (len(images),) or numbers.dtype.kind not in "iu":
        raise CrozeError(
            f"A set needs images, and for each a whole number as label, got {len(images)} images and labels "
            f"of {numbers.dtype} and shape {numbers.shape}."
        )
    textures = frost or FrostTextures.procedural()
    identity = SetIdentity.of(
        _chunks(images), numbers, seed, textures.digest if "frost" in severities else None
    )
    total, before = len(asked) * len(images), 0
    with _alone(folder):
        identity.claim(folder)
        every = len(SEVERITIES) * len(images)
        _write(folder / LABELS, (every,), np.int64, iter([np.tile(numbers, len(SEVERITIES))]))
        for file, name, some in files:
            path, rows = folder / f"{file}.npy", len(some) * len(images)

            def report(done: int, file: str = file, before: int = before) -> None:
                watch(before + done, total, file)

            if path.exists():
                report(rows)
            else:
                chunks = _corrupted(images, name, some, seed, textures, report)
                _write(path, (rows, *identity.size, 3), np.uint8, chunks)
            before += rows
    return [folder / f"{file}.npy" for file, _, _ in files]


def _chunks(images: NDArray[np.uint8] | Source) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(images), CHUNK):
        rows = np.arange(start, min(start + CHUNK, len(images)))
        chunk = images[rows] if isinstance(images, np.ndarray) else images.read(rows)
        if chunk.ndim != 4 or chunk.shape[1] != 3 or chunk.dtype != np.uint8:
            raise CrozeError(
                "A set is made of uint8 images of shape (N, 3, H, W), "
                f"got {chunk.dtype} of shape {chunk.shape}."
            )
        yield chunk


def _corrupted(
    images: NDArray[np.uint8] | Source,
    name: str,
    severities: Sequence[int],
    seed: int,
    textures: FrostTextures,
    report: Callable[[int], None],
) -> Iterator[NDArray[np.uint8]]:
    """The rows of a file: `(n, H, W, 3)`, severity after severity."""
    done = 0
    for severity in severities:
        first = 0
        for chunk in _chunks(images):
            pixels = torch.from_numpy(chunk).to(torch.float32).div_(255)
            found = corrupt(pixels, name, severity, seed, first, textures)
            yield cut(found).to(torch.uint8).permute(0, 2, 3, 1).numpy()
            first, done = first + len(chunk), done + len(chunk)
            report(done)


def _write(
    path: Path, shape: tuple[int, ...], dtype: type[np.generic], chunks: Iterator[NDArray[Any]]
) -> None:
    """A NumPy file from its rows, through a temporary neighbour: it is there whole or not at all."""
    temporary = path.with_name(f"{path.name}.tmp")
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    try:
        with temporary.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for chunk in chunks:
                file.write(np.ascontiguousarray(chunk, dtype=dtype).tobytes())
        temporary.replace(path)
    except OSError as problem:
        raise CrozeError(f"Cannot write {path}: {problem.strerror or problem}.") from problem


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """The folder for this process: two at a time would write the same temporary files."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "set.lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise CrozeError(
            f"Another process is writing to {folder}; wait for it or name another folder."
        ) from None
    except OSError as problem:
        raise CrozeError(f"Cannot write to {folder}: {problem.strerror or problem}.") from problem
    try:
        yield
    finally:
        lock.release()


def read_set(folder: str | Path, name: str, severity: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The images of one corruption at one severity, and their labels.

    The images stay in the file and are read where they are looked at.

    Args:
        folder: with `<corruption>.npy`, or `<corruption>@<severity>.npy`, and `labels.npy`.
        name: out of `CORRUPTIONS`, or short.
        severity: 1 to 5.

    Returns:
        Read-only uint8 `(N, 3, H, W)`, and int64 `(N,)`.

    Raises:
        CrozeError: for another name or severity, a file that is missing or cannot be read, or one of
        another shape.
    """
    wanted, folder = Corruption(name, severity), Path(folder)
    if not folder.is_dir():
        raise CrozeError(f"There is no folder {folder} with a corrupted data set: check the path.")
    path, path_of_labels = folder / f"{wanted.name}.npy", folder / LABELS
    alone = folder / f"{wanted}.npy"
    if not path.exists() and alone.exists():
        path = alone
    elif not path.exists():
        there = ", ".join(name for name in CORRUPTIONS if (folder / f"{name}.npy").exists())
        raise CrozeError(f"{folder} has no {path.name}; the corruptions there are {there or 'none'}.")
    images, labels = _loaded(path), _loaded(path_of_labels)
    if images.ndim != 4 or images.shape[3] != 3 or images.dtype != np.uint8 or 0 in images.shape:
        raise CrozeError(
            f"{path} should hold uint8 images of shape (5 * N, H, W, 3), "
            f"got {images.dtype} of shape {images.shape}."
        )
    if path == alone and len(labels) == len(SEVERITIES) * len(images):
        return images.transpose(0, 3, 1, 2), np.asarray(labels[: len(images)], dtype=np.int64)
    if len(images) % len(SEVERITIES):
        raise CrozeError(
            f"{path} should hold as many images at each of {len(SEVERITIES)} severities, "
            f"got {len(images)} in all."
        )
    if labels.shape != (len(images),) or labels.dtype.kind not in "iu":
        raise CrozeError(
            f"{path_of_labels} should hold a whole number for each of the {len(images)} images of "
            f"{path.name}, got {labels.dtype} of shape {labels.shape}."
        )
    share = len(images) // len(SEVERITIES)
    rows = slice((wanted.severity - 1) * share, wanted.severity * share)
    return images[rows].transpose(0, 3, 1, 2), np.asarray(labels[rows], dtype=np.int64)


def _loaded(path: Path) -> NDArray[Any]:
    try:
        loaded: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise CrozeError(
            f"{path.parent} has no {path.name}, which belongs to a corrupted data set."
        ) from None
    except (OSError, ValueError, EOFError) as problem:
        raise CrozeError(f"{path} is no NumPy array that can be read ({problem}).") from None
    return loaded
