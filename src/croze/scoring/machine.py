"""What the engine finds on this machine, and how many candidates a second it scores here."""

from __future__ import annotations

import platform
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from croze.errors import CrozeError
from croze.proxies import Proxy
from croze.scoring.evaluator import Evaluator
from croze.scoring.execution import make_executor, usable_cores

TELLING = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve", "bf16")
"""Instruction sets, as Linux names them, that decide how fast convolutions are."""


@dataclass(frozen=True)
class Machine:
    """What `croze doctor` prints.

    Attributes:
        processor, cores: its name, and how many cores this process may use.
        instructions: of `TELLING` those that the processor has; empty where they cannot be read.
        kernels: the widest instructions that torch's own kernels use here, as torch names them.
        libraries: what torch computes convolutions and matrix products with.
        accelerators: the CUDA devices and their memory.
        torch: its version.
        threads, workers: torch threads of a worker process, and worker processes where their number is open.
        device, dtype: where and in which type scores are computed unless a command or a proxy says otherwise.
    """

    processor: str
    cores: int
    instructions: tuple[str, ...]
    kernels: str
    libraries: tuple[str, ...]
    accelerators: tuple[str, ...]
    torch: str
    threads: int = 1
    workers: int = 1
    device: str = "cpu"
    dtype: str = "float32"


def this_machine() -> Machine:
    """What there is here, looked up and not measured."""
    described = _described()
    flags = set(described.get("flags", described.get("Features", "")).split())
    libraries = {"oneDNN": torch.backends.mkldnn.is_available(), "MKL": torch.backends.mkl.is_available()}  # type: ignore[no-untyped-call]
    cuda = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
    return Machine(
        processor=described.get("model name") or platform.processor() or platform.machine(),
        cores=usable_cores(),
        instructions=tuple(name for name in TELLING if name in flags),
        kernels=torch.backends.cpu.get_cpu_capability(),
        libraries=tuple(name for name, there in libraries.items() if there),
        accelerators=tuple(f"{device.name}, {device.total_memory / 2**30:.0f} GiB" for device in cuda),
        torch=torch.__version__,
        workers=usable_cores(),
    )


def _described() -> dict[str, str]:
    """What Linux says of the first core; nothing elsewhere."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.split("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


@dataclass(frozen=True)
class Rate:
    """How many candidates were scored, in how many seconds, by how many workers at the same time."""

    candidates: int
    seconds: float
    workers: int

    @property
    def per_second(self) -> float:
        """Candidates a second, all workers together."""
        return self.candidates / self.seconds


def calibrate(
    evaluator: Evaluator,
    proxy: Proxy,
    seconds: float,
    workers: int = 0,
    devices: Sequence[str] = (),
    *,
    at_least: int = 0,
) -> Rate:
    """Score random architectures for at least this time; starting the workers does not count.

    Args:
        evaluator: names the space and the batch.
        proxy: what is computed of each.
        seconds: how long at least.
        workers, devices: as of `make_executor`.
        at_least: how many candidates there have to be before the time may end; one a worker in any case.

    Raises:
        CrozeError: when a candidate fails, with the reason.
    """
    space: Any = evaluator.space
    rng = random.Random(evaluator.seed)
    count = workers or len(devices) or usable_cores()
    executor = make_executor(evaluator, count, devices=devices, lost=evaluator.lost)

    def submit() -> None:
        executor.submit((str(space.sample(rng)), (proxy,)))

    try:
        for _ in range(2 * count):  # one at work and one in line for each
            submit()
        begun = ended = 0.0
        done = -count  # the first of each warms its worker up
        enough = max(count, at_least)
        while done < enough or ended - begun < seconds:
            for _, scores in executor.results():
                if not scores[0].ok:
                    raise CrozeError(f"A candidate of {space.name} could not be scored: {scores[0].reason}.")
                done += 1
                ended = time.perf_counter()
                if done == 0:
                    begun = ended
                if done >= enough and ended - begun >= seconds:
                    break
                submit()
        return Rate(done, ended - begun, count)
    finally:
        executor.close()
