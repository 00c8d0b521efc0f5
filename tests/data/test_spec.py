import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from croze.data.spec import parse_spec
from croze.errors import CrozeError

NAMES = st.text(st.characters(exclude_characters=":?"), min_size=1)
PATHS = st.text(st.characters(exclude_characters="?"))
KEYS = st.text(st.characters(exclude_characters="&="), min_size=1)
VALUES = st.text(st.characters(exclude_characters="&"), min_size=1)


@given(NAMES, PATHS, st.dictionaries(KEYS, VALUES))
def test_parsing_undoes_writing(name: str, path: str, options: dict[str, str]) -> None:
    query = "&".join(f"{key}={value}" for key, value in options.items())
    spec = parse_spec(f"{name}:{path}" + (f"?{query}" if options else ""))
    assert (spec.name, spec.path, dict(spec.options)) == (name, path, options)


@given(st.text())
def test_any_text_parses_or_is_refused(text: str) -> None:
    with contextlib.suppress(CrozeError):
        assert parse_spec(text).text == text


def test_path_may_hold_colons() -> None:
    assert parse_spec("npz:C:/x.npz").path == "C:/x.npz"
    assert parse_spec("digits").path == ""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has no reader name"),
        (":x", "has no reader name: write name:PATH"),
        ("?size=1", "has no reader name"),
        ("folder:x?", "option '' in 'folder:x\\?' is not key=value"),
        ("folder:x?size", "option 'size' .* is not key=value"),
        ("folder:x?size=", "is not key=value"),
        ("folder:x?=3", "is not key=value"),
        ("folder:x?size=3&", "option '' .* is not key=value"),
        ("folder:x?size=3&size=4", "option 'size' is given twice"),
        (7, "named by a string, got int"),
    ],
)
def test_malformed(text: str, sentence: str) -> None:
    with pytest.raises(CrozeError, match=sentence):
        parse_spec(text)


def test_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "images").mkdir()
    assert parse_spec("folder:~/images").location("folder") == tmp_path / "images"
    with pytest.raises(CrozeError, match="Cannot expand the home folder in '~nobody-of-this-name/x'"):
        parse_spec("folder:~nobody-of-this-name/x").location()


@pytest.mark.parametrize("path", ["missing", "nul\0", "x" * 5000])
def test_missing_path(path: str) -> None:
    with pytest.raises(CrozeError, match="There is no file or folder"):
        parse_spec(f"folder:{path}").location()


def test_path_of_the_wrong_kind(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CrozeError, match=r"reads a folder, but .* is a file"):
        parse_spec(f"folder:{tmp_path / 'file'}").location("folder")
    with pytest.raises(CrozeError, match=r"reads a file, but .* is a folder"):
        parse_spec(f"npz:{tmp_path}").location("file")
    with pytest.raises(CrozeError, match="'npz' needs a path: write name:PATH"):
        parse_spec("npz").location("file")


@pytest.mark.parametrize("value", ["0", "4097", "-1", "3.5", "x", "²", "1_0", " 1", "9" * 5000])
def test_integer_out_of_range(value: str) -> None:
    with pytest.raises(CrozeError, match="size must be a whole number from 1 to 4096"):
        parse_spec(f"folder:x?size={value}").integer("size", 4096)


def test_options() -> None:
    spec = parse_spec("cifar10:x?split=test&size=08")
    assert spec.integer("size", 8) == 8
    assert spec.integer("classes", 8) is None
    assert spec.choice("split", ("train", "test")) == "test"
    assert spec.choice("part", ("a", "b")) == "a"
    with pytest.raises(CrozeError, match="split must be one of a, b, got 'test'"):
        spec.choice("split", ("a", "b"))
    with pytest.raises(CrozeError, match=r"'cifar10' has no option 'size' \(known options: split\)"):
        spec.allow("split")
    with pytest.raises(CrozeError, match="it takes no options"):
        spec.allow()
