import doctest
import subprocess
import sys

import pytest

import croze
from croze.testing.networks import resnet


def python(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", croze.__all__)
def test_every_public_name_loads(name):
    assert getattr(croze, name) is not None
    assert name in dir(croze)


def test_dir_is_the_public_names():
    assert dir(croze) == sorted(croze.__all__) == list(croze.__all__)


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'scores'"):
        croze.scores  # noqa: B018


def test_the_package_imports_nothing_heavy():
    heavy = python(
        "import sys, croze; croze.__version__;"
        "print([m for m in ('torch', 'numpy', 'scipy', 'sklearn', 'typer', 'rich') if m in sys.modules])"
    )
    assert heavy.strip() == "[]"


def test_a_name_loads_its_home_when_it_is_used():
    loaded = "print('torch' in sys.modules)"
    code = f"import sys, croze; croze.CrozeError; {loaded}; croze.Score; {loaded}"
    assert python(code).split() == ["False", "True"]


def test_importing_changes_no_global_setting():
    lines = python(
        "import random, warnings, torch\n"
        "def state():\n"
        "    return (torch.get_num_threads(), torch.initial_seed(), torch.get_rng_state().sum().item(),\n"
        "            torch.get_default_dtype(), torch.is_grad_enabled(), random.getstate(),\n"
        "            list(warnings.filters), torch.backends.cudnn.benchmark,\n"
        "            torch.are_deterministic_algorithms_enabled())\n"
        "import scipy.stats\n"
        "before = state()\n"
        "import croze\n"
        "for name in croze.__all__:\n"
        "    getattr(croze, name)\n"
        "print(state() == before)\n"
    )
    assert lines.strip() == "True"


def examples(name):
    """What stands in the docstring of a public name, with the name's own module round it."""
    thing = getattr(croze, name)
    module = sys.modules[getattr(thing, "__module__", "croze")]
    found = doctest.DocTestFinder(recurse=False).find(thing, name, module=False, globs=dict(vars(module)))
    return [test for test in found if test.examples]


WITH_EXAMPLES = [name for name in croze.__all__ if name != "__version__" and examples(name)]


def test_what_a_notebook_calls_has_an_example():
    wanted = {"list_proxies", "load_batch", "open_space", "parse_proxies", "score", "score_all", "search"}
    wanted |= {"load_run", "benchmark", "train", "evaluate", "report"}
    assert wanted <= set(WITH_EXAMPLES)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_of_docstrings_say_what_comes_out(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    said = []
    for test in examples(name):
        runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)


@pytest.mark.parametrize("module", ["croze.reporting.table", "croze.declared"])
def test_examples_of_other_modules(module):
    found = doctest.testmod(__import__(module, fromlist=["_"]))
    assert found.attempted
    assert not found.failed


def test_the_example_of_the_module_works():
    example = [line.strip() for line in croze.__doc__.splitlines() if line.startswith("    ")]
    assert example[0] == "import croze"
    scope = {"model": resnet()}
    exec("\n".join(example[:-1]), scope)
    value = eval(example[-1], scope)
    assert value == croze.score(scope["model"], scope["batch"], "croze-positional").value
    assert isinstance(value, float)


def test_the_version_is_the_installed_one():
    from importlib.metadata import version

    assert croze.__version__ == version("croze")
