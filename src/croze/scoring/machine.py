"""What the engine finds on this machine, and how it will use it."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

import torch

from croze.scoring.execution import usable_cores

TELLING = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve", "bf16")
"""Instruction sets, as Linux names them, that decide how fast convolutions are."""


@dataclass(frozen=True)
class Machine:
    """Attributes are what `croze doctor` prints.

    Attributes:
        processor: its name.
        cores: how many of them this process may use.
        instructions: of `TELLING` those that the processor has; empty where they cannot be read.
        kernels: the widest instructions that torch's own kernels use here, as torch names them.
        libraries: what torch computes convolutions and matrix products with.
        accelerators: the CUDA devices and their memory.
        torch: its version.
        threads: torch threads a worker process.
        workers: worker processes where their number is left open.
        device: where scores are computed unless a command says otherwise.
        dtype: of networks and scores, but for proxies that are defined in another one.
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
