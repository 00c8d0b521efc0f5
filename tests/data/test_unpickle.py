import os
import pickle
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from croze.data.unpickle import load_pickle
from croze.errors import CrozeError


class Calls:
    """Pickles into a call of `function` with `arguments`, and an update with `state`."""

    def __init__(self, function: Any, *arguments: Any, state: Any = None) -> None:
        self.reduction = (function, arguments, state)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.reduction


def load(data: bytes, folder: Path) -> dict[str, Any]:
    path = folder / "batch"
    path.write_bytes(data)
    return load_pickle(path)


def name_of(module: str, name: str) -> bytes:
    return pickle.GLOBAL + f"{module}\n{name}\n".encode()


ARRAYS = [
    np.arange(12, dtype=np.uint8).reshape(3, 4),
    np.asfortranarray(np.arange(12, dtype=np.int64).reshape(3, 4)),
    np.arange(3, dtype=">i4"),
    np.linspace(0, 1, 5, dtype=np.float32),
    np.array([True, False]),
    np.zeros((0, 4), dtype=np.uint8),
    np.array(3.5),
]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}{array.shape}")
def test_python3_pickles(array: np.ndarray, protocol: int, tmp_path: Path) -> None:
    content = {
        b"data": array,
        "labels": [1, 2],
        "name": "ä",
        b"bytes": b"\xff",
        b"none": b"",
        "n": np.int64(7),
    }
    found = load(pickle.dumps(content, protocol), tmp_path)
    np.testing.assert_array_equal(found["data"], array)
    assert found["data"].dtype == array.dtype
    assert not found["data"].flags.writeable
    rest = {key: value for key, value in found.items() if key != "data"}
    assert rest == {"labels": [1, 2], "name": "ä", "bytes": b"\xff", "none": b"", "n": 7}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_ordered_dictionaries_become_plain(protocol: int, tmp_path: Path) -> None:
    content = {"a": OrderedDict([(("x", 1), {2: 3}), ("y", OrderedDict())]), "b": [4]}
    found = load(pickle.dumps(content, protocol), tmp_path)
    assert found == {"a": {("x", 1): {2: 3}, "y": {}}, "b": [4]}
    assert type(found["a"]) is dict


def test_python2_pickle(python2_pickle: Callable[..., bytes], image_rows: Any, tmp_path: Path) -> None:
    rows = image_rows(3, 4)
    data = python2_pickle(rows, [2, 0, 1])
    expected = pickle.loads(data, encoding="bytes")  # the test's own bytes: that they are what NumPy reads
    np.testing.assert_array_equal(expected[b"data"], rows)
    found = load(data, tmp_path)
    np.testing.assert_array_equal(found["data"], rows)
    assert found["labels"] == [2, 0, 1]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("nested", [False, True])
def test_code_is_refused_and_not_run(protocol: int, nested: bool, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    call: Any = Calls(os.system, f"touch {trap}")
    data = pickle.dumps({"data": [[call]] if nested else call}, protocol)
    with pytest.raises(CrozeError, match=r"asks for \w+\.system, which is no plain data: it was not loaded"):
        load(data, tmp_path)
    assert not trap.exists()


@pytest.mark.parametrize(
    "value",
    [
        Calls(eval, "1"),
        Calls(getattr, "x", "y"),
        Calls(np.load, "x"),
        Calls(bytearray, b"x"),
        partial(int, "1"),
        Path("x"),
        np.array([[1]]).view(np.matrix),
        np.ma.array([1]),
        np.random.default_rng(0),
        ValueError("x"),
        int,
        len,
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_other_objects_are_refused(value: Any, tmp_path: Path) -> None:
    with pytest.raises(CrozeError, match="no plain data"):
        load(pickle.dumps({"data": value}), tmp_path)


@pytest.mark.parametrize(
    "array",
    [
        np.array([None, 1], dtype=object),
        np.array([b"x"]),
        np.array(["x"]),
        np.zeros(2, dtype="c8"),
        np.zeros(2, dtype="M8[s]"),
        np.zeros(2, dtype="V4"),
        np.zeros(2, dtype=[("a", "u1"), ("b", "O")]),
    ],
    ids=lambda array: str(array.dtype),
)
@pytest.mark.parametrize("protocol", [2, 5])
def test_arrays_of_anything_but_numbers_are_refused(array: np.ndarray, protocol: int, tmp_path: Path) -> None:
    with pytest.raises(CrozeError, match=r"is damaged|no plain data"):
        load(pickle.dumps({"data": array}, protocol), tmp_path)


def test_objects_cannot_be_forged_from_bytes(tmp_path: Path) -> None:
    """NumPy's own `dtype.__setstate__` would clear the flag that marks the bytes as object pointers."""
    plain = (3, "|", None, None, None, -1, -1, 0)
    dtype = Calls(np.dtype, "O", False, True, state=plain)
    array = Calls(
        np._core.multiarray._reconstruct, np.ndarray, (0,), b"b", state=(1, (1,), dtype, False, b"A" * 8)
    )
    with pytest.raises(CrozeError, match="arrays of type 'O' are not allowed"):
        load(pickle.dumps({"data": array}), tmp_path)


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ((1, (2,), np.dtype("u1"), False, b"abc"), "longer or shorter than its shape says"),
        ((1, (2**40, 2**40), np.dtype("u1"), False, b""), "longer or shorter"),
        ((1, (-1,), np.dtype("u1"), False, b""), "no valid shape"),
        ((1, [1], np.dtype("u1"), False, b"a"), "no valid shape"),
        ((1, (1,), np.dtype("u1"), False, [1]), "must hold plain numbers"),
        ((1, (1,), "u1", False, b"a"), "must hold plain numbers"),
        ((1, 2), "is damaged"),
        (7, "is damaged"),
        (None, "has no content"),
    ],
)
def test_broken_arrays(state: Any, sentence: str, tmp_path: Path) -> None:
    array = Calls(np._core.multiarray._reconstruct, np.ndarray, (0,), b"b", state=state)
    with pytest.raises(CrozeError, match=sentence):
        load(pickle.dumps({"data": array}), tmp_path)


@pytest.mark.parametrize(
    "function",
    [
        name_of("numpy", "ndarray"),
        name_of("numpy", "dtype"),
        name_of("_codecs", "encode"),
        name_of("builtins", "bytes"),
        name_of("collections", "OrderedDict"),
        name_of("numpy.core.multiarray", "_reconstruct"),
        name_of("numpy._core.multiarray", "scalar"),
        name_of("numpy._core.numeric", "_frombuffer"),
    ],
)
@pytest.mark.parametrize(
    "step",
    [
        pickle.dumps({"x": 1}, 2)[2:-1] + pickle.BUILD,
        pickle.NONE + pickle.dumps({"_function": 1}, 2)[2:-1] + pickle.TUPLE2 + pickle.BUILD,
        pickle.EMPTY_TUPLE + pickle.NEWOBJ,
        pickle.BININT1 + b"\x07" + pickle.TUPLE1 + pickle.REDUCE,
        pickle.MARK + pickle.NONE + pickle.NONE + pickle.SETITEMS,
        pickle.MARK + pickle.NONE + pickle.APPENDS,
    ],
    ids=["state", "attributes", "new", "call", "items", "append"],
)
def test_allowed_names_cannot_be_misused(function: bytes, step: bytes, tmp_path: Path) -> None:
    with pytest.raises(CrozeError, match="is damaged"):
        load(pickle.PROTO + b"\x02" + function + step + pickle.STOP, tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8", "zlib_codec", "idna", "no_such"])
def test_other_encodings_are_refused(encoding: str, tmp_path: Path) -> None:
    import _codecs

    with pytest.raises(CrozeError, match="text in an unexpected encoding"):
        load(pickle.dumps({"data": Calls(_codecs.encode, "x", encoding)}), tmp_path)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", r"The pickle '.*batch' is damaged, copy or download it again \(EOFError"),
        (b"not a pickle", "is damaged"),
        (pickle.dumps([1, 2]), "should hold a dictionary, got list"),
        (pickle.dumps({"data": list(range(100))})[:-20], "is damaged"),
        (b"Pno-such-object\n.", "is damaged"),
        (b"\x80\x02\x82\x01.", "is damaged"),
        (b"\x80\x63.", "is damaged"),
    ],
    ids=["empty", "text", "list", "truncated", "persistent", "extension", "protocol"],
)
def test_damaged(data: bytes, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(CrozeError, match=sentence):
        load(data, tmp_path)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damage_ends_as_one_error(tmp_path: Path, data: st.DataObject) -> None:
    whole = bytearray(pickle.dumps({b"data": ARRAYS[0], b"labels": [1, 2]}, data.draw(st.integers(0, 5))))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = load(bytes(whole), tmp_path)
    except CrozeError:
        return
    assert isinstance(found, dict)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CrozeError, match="Cannot read the file"):
        load_pickle(tmp_path / "missing")
