"""Functions that workers import by name."""

import os
import signal
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch


def call(named):
    """The function of this name, with its item: workers are slow to start, so tests share them."""
    name, item = named
    return globals()[name](item)


def double(number):
    return 2 * number


def threads(item):
    return torch.get_num_threads()


def process(item):
    time.sleep(0.05)
    return os.getpid()


def odd_fails(number):
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number


def total(seed):
    torch.manual_seed(seed)
    a, b = torch.randn(64, 257), torch.randn(257, 64)
    return float((a @ b).softmax(0).sum(1).std())


class NeedsTwo(Exception):
    """Cannot be unpickled: its arguments are not those of its constructor."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def does_not_travel(what):
    if what == "exception":
        raise NeedsTwo("this", "that")
    return lambda: what


@dataclass(frozen=True)
class Logged:
    """Doubles numbers; every attempt leaves a file with its span of time. Odd ones may end their worker.

    Attributes:
        folder: where the files go.
        deaths: how many attempts at an odd number end the worker.
        seconds: how long a number takes.
        how: "kill" or "exit".
    """

    folder: Path
    deaths: int = 0
    seconds: float = 0.0
    how: str = "kill"

    def __call__(self, number):
        start = time.time()
        attempt = len(list(self.folder.glob(f"{number}-*"))) + 1
        self._log(f"{number}-{attempt}", start, start)
        time.sleep(self.seconds)
        self._log(f"{number}-{attempt}", start, time.time())
        if number % 2 and attempt <= self.deaths:
            os.kill(os.getpid(), signal.SIGKILL) if self.how == "kill" else os._exit(3)
        return 2 * number

    def _log(self, name, start, end):
        new = self.folder / f".{name}"
        new.write_text(f"{start} {end} {os.getpid()}")
        new.replace(self.folder / name)  # whole, for others are reading

    def attempts(self):
        """Of every number: (start, end, process) of each attempt, in order; one at work ends as it starts."""
        found = {}
        for file in sorted(self.folder.glob("[!.]*")):
            start, end, pid = file.read_text().split()
            found.setdefault(int(file.name.split("-")[0]), []).append((float(start), float(end), int(pid)))
        return found


@dataclass(frozen=True)
class Where:
    """Says through which devices it has come, and in which process it is."""

    way: tuple[str, ...] = ()

    def on(self, device):
        return replace(self, way=(*self.way, device))

    def __call__(self, item):
        time.sleep(0.2)
        if item == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        return self.way, os.getpid(), os.environ.get("CUDA_VISIBLE_DEVICES")


class Loaded:
    """Does something when it is taken up: `exit`, `raise`, or leave a file in the folder of this name."""

    def __init__(self, how):
        self.how = how

    def __call__(self, item):
        time.sleep(0.05)
        return os.getpid()

    def __reduce__(self):
        return load, (self.how,)


def load(how):
    if how == "exit":
        os._exit(7)
    if how == "raise":
        raise FileNotFoundError("weights.pt")
    (Path(how) / f"{os.getpid()}-{time.monotonic_ns()}").touch()
    return Loaded(how)
