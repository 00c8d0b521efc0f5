"""Reads a pickle of arrays, numbers, text and containers, and refuses everything else.

A pickle is a program that may call whatever it names. Here no name resolves to anything real, NumPy
included: a pickled `numpy.dtype` can clear its own "holds objects" flag, after which raw bytes from the
file are taken for pointers. Stand-ins record what the pickle says of an array instead, check it, and the
array is made from the bytes by `numpy.frombuffer`.
"""

from __future__ import annotations

import io
import math
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.data.guard import guarded
from croze.errors import CrozeError

_PLAIN_DTYPE = re.compile(r"[<>=|]?[biuf][1-8]")


def load_pickle(path: Path, data: bytes | None = None) -> dict[str, Any]:
    """The dictionary in a pickle that Python 2 or 3 wrote; no code of the pickle is run.

    Allowed are dictionaries (ordered ones become plain), lists, tuples, sets, numbers, text, bytes, None
    and NumPy arrays or scalars of booleans, integers or floats.

    Args:
        path: the file, read here or named in the messages.
        data: its content where it was read, and decompressed, before.

    Returns:
        The dictionary; keys of bytes become text. Arrays among its values are read-only; text that
        Python 2 wrote stays bytes.

    Raises:
        CrozeError: when the file cannot be read, is damaged, asks for anything that is not allowed
            (naming it), or does not hold a dictionary.
    """
    if data is None:
        with guarded(f"Cannot read the file '{path}'"):
            data = path.read_bytes()
    with guarded(f"The pickle '{path}' is damaged, copy or download it again"):
        content = _Unpickler(data, path).load()
    if not isinstance(content, dict):
        raise CrozeError(f"The pickle '{path}' should hold a dictionary, got {type(content).__name__}.")
    result: dict[str, Any] = {}
    for key, value in content.items():
        name = key.decode("latin1") if isinstance(key, bytes) else str(key)
        result[name] = value.finished() if isinstance(value, _Array) else value
    return result


class _Unpickler(pickle.Unpickler):
    """Resolves the names of NumPy's pickles to stand-ins, which live as long as this one load."""

    def __init__(self, data: bytes, path: Path) -> None:
        super().__init__(io.BytesIO(data), encoding="bytes")
        self._path = path
        self._names = _stand_ins()

    def find_class(self, module: str, name: str, /) -> Any:
        found = self._names.get((module, name))
        if found is None:
            raise CrozeError(
                f"The pickle '{self._path}' asks for {module}.{name}, which is no plain data: it was not "
                "loaded; use the original file of the data set."
            )
        return found


class _Callable:
    """A stand-in for a function or class; what the pickle calls instead."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)

    def __setstate__(self, state: object) -> None:
        # Without this method a pickle could set attributes, and so replace the function.
        raise pickle.UnpicklingError("it changes a function")


class _DType:
    """A stand-in for `numpy.dtype`: a plain number type, or an error."""

    __slots__ = ("value",)

    def __init__(self, *arguments: Any) -> None:
        self.value = _plain(_text(arguments[0]))

    def __setstate__(self, state: Any) -> None:
        # (version, byte order, base type, field names, fields, item size, alignment, flags[, metadata]):
        # only the byte order says anything about a plain number.
        order, *structure = state[1:5]
        if any(part is not None for part in structure):
            raise pickle.UnpicklingError("structured arrays are not allowed")
        if self.value.itemsize > 1:
            self.value = _plain(_text(order) + self.value.str[1:])


class _Array:
    """A stand-in for `numpy.ndarray`, filled by the state that follows it in the pickle."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: NDArray[Any] | None = None

    def __setstate__(self, state: Any) -> None:
        _version, shape, dtype, fortran, data = state
        self.value = _array(data, dtype, shape, "F" if fortran else "C")

    def finished(self) -> NDArray[Any]:
        if self.value is None:
            raise CrozeError(
                "A pickled array has no content: the file is damaged, copy or download it again."
            )
        return self.value


def _stand_ins() -> dict[tuple[str, str], _Callable]:
    array_class = _Callable(_refuse)

    def reconstruct(kind: Any, *_placeholder: Any) -> _Array:
        if kind is not array_class:
            raise pickle.UnpicklingError("an array of an unknown class")
        return _Array()

    def from_buffer(data: Any, dtype: Any, shape: Any, order: Any) -> _Array:
        array = _Array()
        array.value = _array(data, dtype, shape, _text(order))
        return array

    names = {
        ("numpy", "ndarray"): array_class,
        ("numpy", "dtype"): _Callable(_DType),
        ("_codecs", "encode"): _Callable(_encode),
        ("collections", "OrderedDict"): _Callable(_empty_dictionary),
    }
    for package in ("numpy.core", "numpy._core"):  # before and since NumPy 2
        names[f"{package}.multiarray", "_reconstruct"] = _Callable(reconstruct)
        names[f"{package}.multiarray", "scalar"] = _Callable(_scalar)
        names[f"{package}.numeric", "_frombuffer"] = _Callable(from_buffer)
    for module in ("builtins", "__builtin__"):
        names[module, "bytes"] = _Callable(_empty_bytes)
    return names


def _array(data: Any, dtype: Any, shape: Any, order: str) -> NDArray[Any]:
    if not isinstance(dtype, _DType) or not isinstance(data, bytes | bytearray):
        raise pickle.UnpicklingError("an array must hold plain numbers")
    if not isinstance(shape, tuple) or not all(isinstance(extent, int) and extent >= 0 for extent in shape):
        raise pickle.UnpicklingError("an array has no valid shape")
    if len(data) != math.prod(shape) * dtype.value.itemsize:
        raise pickle.UnpicklingError("an array is longer or shorter than its shape says")
    values = np.frombuffer(bytes(data), dtype=dtype.value)
    return values.reshape(shape, order="F" if order == "F" else "C")


def _scalar(dtype: Any, data: Any) -> Any:
    return _array(data, dtype, (), "C").item()


def _encode(text: Any, encoding: Any) -> bytes:
    # How Python 3 writes bytes in the old protocols; other encodings import modules by name.
    if not isinstance(text, str) or _text(encoding) != "latin1":
        raise pickle.UnpicklingError("text in an unexpected encoding")
    return text.encode("latin1")


def _empty_bytes(*arguments: Any) -> bytes:
    if arguments:
        raise pickle.UnpicklingError("bytes made from something else")
    return b""


def _empty_dictionary(*arguments: Any) -> dict[Any, Any]:
    if arguments:
        raise pickle.UnpicklingError("a dictionary made from something else")
    return {}


def _refuse(*_arguments: Any) -> Any:
    raise pickle.UnpicklingError("an array made in an unexpected way")


def _plain(name: str) -> np.dtype[Any]:
    if not _PLAIN_DTYPE.fullmatch(name):
        raise pickle.UnpicklingError(f"arrays of type '{name}' are not allowed, only plain numbers")
    return np.dtype(name)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("latin1")
    if not isinstance(value, str):
        raise pickle.UnpicklingError("a name is no text")
    return value
