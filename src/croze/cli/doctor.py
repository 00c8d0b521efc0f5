"""`croze doctor`: what the engine uses on this machine, and how fast it is."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from croze.cli import options

SPACES = ("nasbench201", "darts")


def doctor(
    seconds: Annotated[
        float, typer.Option(min=0.0, help="Duration of the calibration over both spaces; 0 for none.")
    ] = 10.0,
    proxy: Annotated[str, typer.Option(help="Proxy that is timed.")] = "croze-positional",
    batch_size: options.BatchSize = 8,
    workers: options.Workers = 0,
    device: options.Devices = None,
    json: options.Json = None,
) -> None:
    """Show device, threads and instruction sets of the engine, and measure candidates per second."""
    from croze.cli.output import console, emit_json
    from croze.data import load_batch
    from croze.errors import CrozeError
    from croze.provenance import provenance
    from croze.proxies import PROXIES, Proxy, parse_proxy
    from croze.reporting.table import Table
    from croze.scoring.evaluator import Evaluator
    from croze.scoring.machine import calibrate, this_machine
    from croze.spaces import open_space

    chosen = parse_proxy(proxy)
    if not isinstance(chosen, Proxy):
        raise CrozeError(f"--proxy takes one proxy to calibrate with, and {proxy} is an aggregate.")
    devices = options.devices_of(device)
    machine = this_machine()
    wide = [name for name, known in PROXIES.items() if known.dtype == "float64"]
    out = console(json)
    count = workers or len(devices) or machine.workers
    computes = ", ".join(devices) or machine.device
    rows = {
        "processor": f"{machine.processor}, {machine.cores} cores to use",
        "instruction sets": f"{', '.join(machine.instructions) or 'unknown'}; torch uses {machine.kernels}",
        "torch": f"{machine.torch} with {', '.join(machine.libraries) or 'neither oneDNN nor MKL'}",
        "accelerators": "; ".join(machine.accelerators) or "none that torch can use",
        "device": computes if device else f"{computes} (--device chooses another)",
        "dtype": f"{machine.dtype}; {' and '.join(wide)} compute in float64",
        "workers": f"{count} process{'es' * (count > 1)}, {machine.threads} torch thread each",
    }
    out.print(Table("", "", ("", "here"), tuple(rows.items()), prose=True))
    measured = {}
    for name in SPACES if seconds > 0 else ():
        space = open_space(name)
        batch = load_batch("digits", size=batch_size, seed=0)
        evaluator = Evaluator(space, batch, 0, scores_from=computes.partition(":")[0])
        rate = calibrate(evaluator, chosen, seconds / len(SPACES), workers, devices)
        measured[name] = {**asdict(rate), "per_second": rate.per_second}
        out.print(
            f"  {name}: {rate.per_second:.2f} candidates/s ({chosen.spec}, batch {batch_size}, "
            f"{rate.candidates} random ones in {rate.seconds:.1f} s)"
        )
    emit_json(
        json,
        {
            "machine": asdict(machine),
            "proxy": chosen.spec,
            "batch_size": batch_size,
            "calibration": measured,
            "provenance": provenance(),
        },
    )
