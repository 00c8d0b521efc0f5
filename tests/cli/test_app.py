import resource
import signal
import subprocess
import sys
import time

import pytest

import croze as package
from croze.corruptions import CORRUPTIONS
from croze.data import READERS
from croze.perturb import PERTURBATIONS
from croze.proxies import AGGREGATES, PROXIES
from croze.proxies.aggregate import KINDS as AGGREGATE_KINDS
from croze.robustness.attacks import ATTACKS
from croze.searching.strategies import ALGORITHMS
from croze.spaces import SPACES
from croze.spaces.genotypes import named
from croze.training.recipe import RECIPES
from croze.truth import BENCHMARKS

CROZE = [sys.executable, "-m", "croze"]
KINDS = {
    "proxies": PROXIES,
    "aggregates": [*(f"{kind}(...)" for kind in AGGREGATE_KINDS), *AGGREGATES],
    "spaces": SPACES,
    "genotypes": named(),
    "algorithms": ALGORITHMS,
    "recipes": RECIPES,
    "data": READERS,
    "perturbations": PERTURBATIONS,
    "attacks": ATTACKS,
    "corruptions": CORRUPTIONS,
    "truths": BENCHMARKS,
}


def test_help_comes_at_once():
    def seconds():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([*CROZE, "--help"], capture_output=True, text=True)
        assert done.returncode == 0
        assert all(verb in done.stdout for verb in ("score", "search", "benchmark", "list"))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # of the processor, which others on the machine do not lengthen as they do the clock
    assert min(seconds() for _ in range(3)) < 0.35


@pytest.mark.parametrize(
    "arguments",
    [
        *([verb, "--help"] for verb in ("score", "search", "benchmark", "reproduce")),
        ["--help"],
        ["--version"],
        ["list"],
        ["data", "list"],
        ["truth"],
    ],
)
def test_what_only_tells_loads_no_torch(arguments):
    code = (
        "import sys\nfrom croze.__main__ import main\n"
        f"sys.argv = ['croze', *{arguments}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = [m for m in ('torch', 'scipy', 'sklearn', 'pandas') if m in sys.modules]\n"
        "print(heavy, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == "[]\n"


def test_the_version(croze):
    outcome = croze("--version")
    assert (outcome.code, outcome.out, outcome.err) == (0, f"croze {package.__version__}\n", "")


def test_nothing_to_do_shows_the_help(croze):
    outcome = croze()
    assert outcome.code == 2
    assert "COMMAND [ARGS]" in outcome.err


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_listed(croze, kind):
    outcome = croze("list", kind)
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[0].strip() == kind
    for name in KINDS[kind]:
        assert any(line.split()[:1] == [name] for line in lines[1:])
    found = croze("list", kind, "--json", "-")
    assert [entry["name"] for entry in found.json[kind]] == list(KINDS[kind])
    assert all(entry["summary"] for entry in found.json[kind])
    assert kind in found.err


def test_everything_is_listed(croze):
    assert set(croze("list", "--json", "-").json) == set(KINDS)
    printed = croze("list").out
    assert all(kind in printed for kind in KINDS)
    # arguments stand in brackets
    assert "[beta=2.0" in printed
    assert "\\[" not in printed


def test_bad_names_and_options(refused, misused):
    assert "expected one of proxies, aggregates, spaces" in refused("list", "proxy")
    assert "No such command" in misused("scores")
    assert "No such option" in misused("score", "--archs", "x")
    assert "--seed" in misused("score", "--arch", "x", "--seed", "-1")
    assert "--batch-size" in misused("search", "--batch-size", "0")


def test_ctrl_c_says_that_the_same_command_goes_on(interrupts, tmp_path):
    command = [
        *CROZE,
        "search",
        "--channels=4",
        "--cells=1",
        "--budget=6000",
        "--workers=1",
        "--proxy=live-params",
    ]
    running = subprocess.Popen(
        [*command, f"--out={tmp_path}"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "scores.sqlite").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=30)
    assert running.returncode == 130
    assert errors == "\ncroze: interrupted; the same command continues from here.\n"


def test_a_reader_that_leaves_is_no_traceback():
    done = subprocess.run(
        f"{sys.executable} -m croze list --json - | head -c 1", shell=True, capture_output=True, text=True
    )
    assert done.stdout == "{"
    assert "Traceback" not in done.stderr
