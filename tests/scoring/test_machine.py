from dataclasses import replace

import torch

from croze.scoring import machine
from croze.scoring.execution import usable_cores
from croze.scoring.machine import TELLING, this_machine


def test_what_torch_and_the_system_say():
    found = this_machine()
    assert found.cores == found.workers == usable_cores()
    assert found.torch == torch.__version__
    assert found.kernels == torch.backends.cpu.get_cpu_capability()
    assert set(found.instructions) <= set(TELLING)
    assert found.processor
    assert len(found.accelerators) == torch.cuda.device_count()


def test_instruction_sets_of_other_processors(tmp_path, monkeypatch):
    def reading(text):
        (tmp_path / "cpuinfo").write_text(text)
        monkeypatch.setattr(machine, "Path", lambda _name: tmp_path / "cpuinfo")
        return this_machine()

    intel = reading(
        "processor : 0\nmodel name : Some Xeon\nflags : sse avx2 amx_bf16 avx512f\n\nprocessor : 1\n"
    )
    assert intel.processor == "Some Xeon"
    assert intel.instructions == ("avx2", "avx512f", "amx_bf16")
    arm = reading("processor : 0\nFeatures : fp asimd sve\n")
    assert arm.instructions == ("asimd", "sve")
    monkeypatch.setattr(machine, "Path", lambda _name: tmp_path / "nothing")
    assert this_machine().instructions == ()
    assert replace(arm, cores=1).cores == 1
