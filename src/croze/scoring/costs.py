"""What architectures cost where they run: objectives and limits beside the proxies."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import statistics
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, TypeVar

import torch
from torch import Tensor, nn

from croze.errors import CrozeError
from croze.nn.count import counted_without_weights, reachable_parameter_count

Build = Callable[[], nn.Module]
"""Makes the network of an architecture, when it is needed."""


class Cost(ABC):
    """A size or a time of an architecture, measured or looked up; a frozen dataclass. Less is better.

    Class attributes:
        unit: what the values are in.
        kept: whether a store keeps the values, because measuring again would give others.
    """

    unit: ClassVar[str]
    kept: ClassVar[bool]
    higher_is_better: ClassVar[bool] = False

    @property
    @abstractmethod
    def spec(self) -> str:
        """The name, and whatever another value would come from."""

    @abstractmethod
    def of(self, architecture: str, build: Build, inputs: Tensor) -> float:
        """The cost of an architecture.

        Args:
            architecture: its string.
            build: its network, on the device of `inputs`.
            inputs: what networks of the space take, `(N, C, H, W)`.

        Raises:
            CrozeError: when there is none.
        """


@dataclass(frozen=True)
class MeasuredLatency(Cost):
    """Milliseconds of one forward pass in evaluation mode, without gradients: the median of repeated passes.

    Another run gives another value, and so does a busy machine. A store keeps the first value, so that a
    search goes on with the numbers it began with.

    Args:
        images: in a pass.
        warm_up: passes before that, which do not count.
        repeats: passes of which the median is taken.

    Raises:
        CrozeError: unless images and repeats are at least 1 and warm_up at least 0.
    """

    images: int = 1
    warm_up: int = 5
    repeats: int = 20

    unit = "ms"
    kept = True

    def __post_init__(self) -> None:
        if self.images < 1 or self.repeats < 1 or self.warm_up < 0:
            raise CrozeError(
                "Latency needs at least 1 image, 1 repeat and no negative warm-up, "
                f"got {self.images}, {self.repeats} and {self.warm_up}."
            )

    @property
    def spec(self) -> str:
        return "latency" if self.images == 1 else f"latency(images={self.images})"

    def of(self, architecture: str, build: Build, inputs: Tensor) -> float:
        """Milliseconds, above 0; the number of torch threads is the caller's."""
        network = build().eval()
        copies = -(-self.images // len(inputs))
        images = inputs.repeat(copies, 1, 1, 1)[: self.images]
        taken = []
        with torch.inference_mode():
            for _ in range(self.warm_up):
                network(images)
            for _ in range(self.repeats):
                _finish(images.device)
                start = time.perf_counter()
                network(images)
                _finish(images.device)
                taken.append(time.perf_counter() - start)
        return 1000 * statistics.median(taken)


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@dataclass(frozen=True)
class ReachableParams(Cost):
    """Trainable parameters that a path connects with the logits; see `nn.count.reachable_parameter_count`.

    The proxy `live-params` counts the same on real numbers, and leaves out what gets a gradient of zeros.
    """

    unit = "parameters"
    kept = True

    @property
    def spec(self) -> str:
        return "reachable-params"

    def of(self, architecture: str, build: Build, inputs: Tensor) -> float:
        return float(
            counted_without_weights(
                build, lambda network: reachable_parameter_count(network, inputs.shape[1:])
            )
        )


A = TypeVar("A")

NAMES = ("arch", "architecture", "net_str", "net")
"""Headings under which a file may name the architecture; the first that is there counts."""


@dataclass(frozen=True)
class TableLatency(Cost):
    """A column of a table, such as HW-NAS-Bench's `edgegpu_latency` (Li et al. 2021), in milliseconds.

    Attributes:
        source: name of the file, and the column.
        sha256: hex digest of the file.
        values: by architecture string.
    """

    source: str
    sha256: str
    values: Mapping[str, float] = field(repr=False, compare=False)

    unit = "ms"
    kept = False

    @property
    def spec(self) -> str:
        return f"latency({self.source})"

    def of(self, architecture: str, build: Build, inputs: Tensor) -> float:
        """The value of the table; a CrozeError when it has none for this architecture."""
        try:
            return self.values[architecture]
        except KeyError:
            raise CrozeError(f"{self.source} has no latency of {architecture}.") from None


def read_latency(spec: str, parse: Callable[[str], A], canonical: Callable[[A], A]) -> TableLatency:
    """The table that `FILE.csv:COLUMN` names, read with `parse` and `canonical` of a space.

    A class without a line for its canonical member takes the value of the first member that has one.

    Raises:
        CrozeError: for a file that cannot be read, lacks the columns, names an architecture twice, or holds
            anything but a positive number or an architecture where one belongs.
    """
    path, colon, column = spec.rpartition(":")
    file = Path(path).expanduser()
    if not colon or not path or not column:
        raise CrozeError(f"A table of latencies is named FILE.csv:COLUMN, got {spec!r}.")
    try:
        content = file.read_bytes()
        rows = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    except OSError as problem:
        raise CrozeError(f"Cannot read the latencies {file}: {problem.strerror or problem}.") from problem
    except (UnicodeDecodeError, csv.Error) as problem:
        raise CrozeError(f"{file} cannot be read as CSV: {problem}.") from None
    header = rows[0] if rows else []
    name = next((known for known in NAMES if known in header), None)
    if name is None or column not in header:
        raise CrozeError(
            f"{file} must have the column {column} and one of {', '.join(NAMES)} in its first line, "
            f"got {', '.join(header) or 'nothing'}."
        )
    of_name, of_value = header.index(name), header.index(column)
    values: dict[str, float] = {}
    classes: dict[str, float] = {}
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise CrozeError(f"{file}, line {line}: expected {len(header)} fields, got {len(row)}.")
        try:
            architecture = parse(row[of_name])
        except CrozeError as problem:
            raise CrozeError(f"{file}, line {line}: {problem}") from None
        if str(architecture) in values:
            raise CrozeError(f"{file}, line {line}: {architecture} is there twice; once is expected.")
        values[str(architecture)] = _positive(row[of_value], file, line, column)
        classes.setdefault(str(canonical(architecture)), values[str(architecture)])
    return TableLatency(f"{file.name}:{column}", hashlib.sha256(content).hexdigest(), classes | values)


def _positive(text: str, file: Path, line: int, column: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise CrozeError(f"{file}, line {line}: expected a number above 0 as {column}, got {text!r}.")
    return value
