from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import settings

from croze.__main__ import main
from croze.data import load_batch
from croze.nn.forward import logits_of
from croze.nn.parts import Parts
from croze.nn.plan import Plan
from croze.nn.trace import plan_of
from croze.nn.walk import Walk, without_fused_attention
from croze.truth import Truth, open_truth
from croze.types import Batch

# a time limit per example fails at random on a machine that others use too
settings.register_profile("croze", deadline=None)
settings.load_profile("croze")

torch.set_num_threads(1)
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
NO_DATA = f"no validation data in {SHARED}"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real validation data beside the repository; it is not part of it."""
    if not SHARED.is_dir():
        pytest.skip(NO_DATA)
    return SHARED


@pytest.fixture(scope="session")
def shared_found() -> Path:
    """Folders of real runs, as the verbs wrote them."""
    return Path(__file__).parent / "reporting" / "found"


@pytest.fixture(scope="session", autouse=True)
def cache_of_truths(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the tables that truths leave behind; the user's own stays as it is."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROZE_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def digits() -> Batch:
    return load_batch("digits", size=8, seed=0)


ATTACK_KEYS = ("fgsm@Linf", "pgd@Linf", "aa_apgd-ce@Linf", "aa_square@Linf")
EPSILONS = {key: [0.1, 4.0, 8.0] for key in ATTACK_KEYS}
STRINGS = [
    f"|{a}~0|+|{b}~0|none~1|+|{c}~0|none~1|none~2|"
    for a in ("none", "nor_conv_3x3", "nor_conv_1x1")
    for b in ("skip_connect", "avg_pool_3x3")
    for c in ("none", "nor_conv_1x1")
]
TWINS = [0, 1, 2, 3, 3, 1, 6, 7, 8, 9, 10, 0]
CORRUPTION_KEYS = (
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "defocus_blur",
    "glass_blur",
    "motion_blur",
    "zoom_blur",
    "snow",
    "frost",
    "fog",
    "brightness",
    "contrast",
    "elastic_transform",
    "pixelate",
    "jpeg_compression",
)

TinyFolder = Callable[..., Path]


@pytest.fixture
def tiny_folder(tmp_path: Path) -> TinyFolder:
    """Writes a truth folder of 12 cells in 9 classes; only representatives have values, as published."""

    def write(dataset: str = "cifar10", folder: str | None = None, skip: tuple[str, ...] = ()) -> Path:
        root = tmp_path / "truth"
        home = root / (folder or dataset)
        home.mkdir(parents=True, exist_ok=True)
        ids = {
            str(i): {"nb201-string": s, "isomorph": str(t)}
            for i, (s, t) in enumerate(zip(STRINGS, TWINS, strict=True))
        }
        (root / "meta.json").write_text(json.dumps({"ids": ids, "epsilons": EPSILONS}))
        rng = np.random.default_rng(7)
        widths = {"clean": 0} | dict.fromkeys(ATTACK_KEYS, 3) | dict.fromkeys(CORRUPTION_KEYS, 5)
        for key, width in widths.items():
            values: dict[str, Any] = {
                str(t): rng.random(width).round(3).tolist() if width else round(float(rng.random()), 3)
                for t in sorted(set(TWINS))
            }
            if key not in skip:
                content = {folder or dataset: {key: {"accuracy": values}}}
                (home / f"{key}_accuracy.json").write_text(json.dumps(content))
        return root

    return write


@pytest.fixture
def tiny(tiny_folder: TinyFolder) -> Truth:
    return open_truth(f"robust-nb201:{tiny_folder()}", "cifar10")


@pytest.fixture(scope="module")
def real(shared_data: Path) -> Truth:
    folder = shared_data / "robust_nb201"
    if not folder.is_dir():
        pytest.skip(f"no Robust NAS-Bench-201 in {shared_data}")
    return open_truth(f"robust-nb201:{folder}", "cifar10")


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Programs that a test starts answer Ctrl-C, also where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """In CI a test that skips although the validation data is there has hidden something: it fails."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") and SHARED.is_dir():
        report.outcome = "failed"
        report.longrepr = f"skipped although {SHARED} exists: {report.longrepr}"
    return report


@dataclass(frozen=True)
class Outcome:
    """What a command did: its exit code and what it wrote on either stream."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Outcome]


@pytest.fixture(scope="session")
def run_croze() -> Command:
    """Runs the command line in this process, for what the tests of a module share."""

    def run(*arguments: object) -> Outcome:
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setattr("sys.argv", ["croze", *map(str, arguments)])
            try:
                code = main()
            except SystemExit as end:
                code = 0 if end.code is None else end.code
        return Outcome(code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def croze(monkeypatch, capsys, tmp_path) -> Command:
    """Runs the command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr("sys.argv", ["croze", *map(str, arguments)])
        capsys.readouterr()
        try:
            code = main()
        except SystemExit as end:
            code = 0 if end.code is None else end.code
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def refused(croze):
    """Runs a command that must fail for bad input, and gives the one line that says why."""

    def run(*arguments: object) -> str:
        outcome = croze(*arguments)
        assert outcome.code == 2, outcome
        assert outcome.out == ""
        assert outcome.err.count("\n") == 1, outcome.err
        assert outcome.err.startswith("croze: error: ")
        return outcome.err

    return run


@pytest.fixture
def misused(croze):
    """Runs a command whose options cannot be read: usage, a hint and the error."""

    def run(*arguments: object) -> str:
        outcome = croze(*arguments)
        assert outcome.code == 2, outcome
        assert outcome.out == ""
        assert outcome.err.startswith("Usage: ")
        assert "Traceback" not in outcome.err
        return outcome.err.splitlines()[-1]

    return run


Planned = Callable[..., tuple[Plan, dict[str, torch.Tensor]]]


@pytest.fixture(scope="session")
def planned() -> Planned:
    """The plan of a model in its mode, and its parameters; the model is left as it is."""

    def find(model: torch.nn.Module, x: torch.Tensor) -> tuple[Plan, dict[str, torch.Tensor]]:
        parts = Parts(model)

        def run(walk: Walk) -> torch.Tensor:
            images = x[:2].clone()
            walk.begin(images)
            with walk, without_fused_attention():
                return logits_of(model(images))

        with parts.filled({}):
            return plan_of(run, parts.parameters), parts.parameters

    return find
