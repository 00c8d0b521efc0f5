import importlib
import inspect
import pickle
import sys
import traceback

import pytest

from croze.errors import CrozeError
from croze.user_code import call, find_module, import_file, run_file

CLASS = "class Thing:\n    size = 1\n"


def refused(function, *arguments):
    with pytest.raises(CrozeError) as caught:
        function(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_file_is_a_module_of_its_own_name(write):
    module = import_file(write("thing_01.py", CLASS))
    assert module.__name__ == "thing_01"
    assert importlib.import_module("thing_01") is module
    assert pickle.loads(pickle.dumps(module.Thing)) is module.Thing


def test_names_that_are_no_identifiers_are_imported_all_the_same(write):
    module = import_file(write("02-of my things.py", CLASS))
    assert importlib.import_module("02-of my things") is module
    assert pickle.loads(pickle.dumps(module.Thing)) is module.Thing


def test_a_file_that_is_as_it_was_is_not_run_again(write):
    file = write("thing_03.py", CLASS)
    assert import_file(file) is import_file(file)


def test_an_edit_counts_even_where_length_and_time_stay_the_same(write):
    file = write("thing_04.py", CLASS)
    first = import_file(file)
    write("thing_04.py", CLASS.replace("1", "2"))
    second = import_file(file)
    assert (first.Thing.size, second.Thing.size) == (1, 2)
    assert importlib.import_module("thing_04") is second


def test_an_edit_of_a_neighbour_counts(write):
    write("neighbour_05.py", "SIZE = 1\n")
    file = write("thing_05.py", "from neighbour_05 import SIZE\n")
    assert import_file(file).SIZE == 1
    write("neighbour_05.py", "SIZE = 23\n")
    assert import_file(file).SIZE == 23


def test_source_and_traceback_are_of_what_was_run(write):
    file = write("thing_06.py", "def fail():\n    raise ValueError('as it was')\n")
    module = import_file(file)
    write("thing_06.py", "# all is new\n\n")
    assert "as it was" in inspect.getsource(module.fail)
    try:
        module.fail()
    except ValueError:
        assert "raise ValueError('as it was')" in traceback.format_exc()


def test_the_forms_of_a_name(write, tmp_path, monkeypatch):
    file = write("folder/thing_07.py", CLASS)
    monkeypatch.chdir(tmp_path)
    module = find_module(str(file))
    assert find_module("folder/thing_07.py") is module
    assert find_module("folder/thing_07") is module
    monkeypatch.chdir(tmp_path / "folder")
    assert find_module("thing_07") is module
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_module("~/folder/thing_07.py") is module
    assert find_module("json.decoder") is sys.modules["json.decoder"]


def test_a_package_is_imported_by_its_name(write, tmp_path, monkeypatch):
    write("package_08/__init__.py", "")
    write("package_08/part.py", "from .other import SIZE\n")
    write("package_08/other.py", "SIZE = 8\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert find_module("package_08.part").SIZE == 8
    write("package_08/broken.py", "import no_such_module\n")
    message = refused(find_module, "package_08.broken")
    assert message == (
        "package_08.broken cannot be run: ModuleNotFoundError: No module named 'no_such_module'."
    )


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere.py", "nowhere.py is not a file."),
        ("nowhere/nowhere", "nowhere/nowhere is neither a file (nowhere/nowhere.py) nor a module"),
        ("nowhere_at_all", "nowhere_at_all is neither a file (nowhere_at_all.py) nor a module"),
        ("json.nothing", "neither a file (json.nothing.py) nor a module"),
        ("os.path.no.thing", "neither a file"),
    ],
)
def test_what_is_not_there(tmp_path, monkeypatch, path, message):
    monkeypatch.chdir(tmp_path)
    assert message in refused(find_module, path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def f(:\n", "SyntaxError: invalid syntax"),
        ("import nowhere_at_all\n", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("raise ValueError('first\\nsecond')\n", "ValueError: first."),
        ("raise SystemExit(3)\n", "SystemExit: 3."),
        ("raise KeyError\n", "KeyError."),
        ("x = '\\0'\n\0", "SyntaxError"),
        ("from croze.errors import CrozeError\nraise CrozeError('Not so.')\n", "cannot be run: Not so."),
    ],
)
def test_a_file_that_cannot_be_run_leaves_no_trace(write, text, reason):
    file = write("broken_09.py", text)
    path = list(sys.path)
    message = refused(import_file, file)
    assert message.startswith(f"{file} cannot be run: ")
    assert reason in message
    assert "broken_09" not in sys.modules
    assert sys.path == path
    write("broken_09.py", CLASS)
    assert import_file(file).Thing.size == 1


def test_a_name_that_means_another_module_is_refused(write):
    one, other = write("one/thing_10.py", CLASS), write("other/thing_10.py", CLASS)
    module = import_file(one)
    assert refused(import_file, other) == (f"{other} has the name of another module, {one}: rename the file.")
    assert importlib.import_module("thing_10") is module
    assert f"{json_file()}: rename the file" in refused(import_file, write("json.py", CLASS))
    assert "which Python has built in: rename" in refused(import_file, write("sys.py", CLASS))
    assert "which Python has built in: rename" in refused(import_file, write("faulthandler.py", CLASS))
    write("thing_11/__init__.py", "")
    shadowed = write("thing_11.py", CLASS)
    assert "__init__.py: rename the file" in refused(import_file, shadowed)
    assert "has a dot in its name" in refused(import_file, write("thing.v2.py", CLASS))


def json_file():
    import json

    return json.__file__


def test_a_private_name_runs_the_file_anew_and_replaces_nothing(write):
    file = write("json.py", "import random\nnumber = random.random()\n")
    first, second = run_file(file, "croze_user_json"), run_file(file, "croze_user_json")
    assert first.number != second.number
    assert sys.modules["json"].__file__ == json_file()
    assert "is not a file" in refused(run_file, file.with_name("none.py"), "croze_user_none")


def test_a_call_that_fails_says_why():
    def own():
        raise CrozeError("The width must be even, got 3.")

    def broken():
        raise KeyError("a\nb")

    assert call(lambda width: width + 1, "f()", width=2) == 3
    assert refused(call, own, "f()") == "The width must be even, got 3."
    assert refused(call, broken, "f()") == "f() failed: KeyError: 'a\\nb'."
    assert refused(lambda: call(exit, "f()", code=2)) == "f() failed: SystemExit: 2."
