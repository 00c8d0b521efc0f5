from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def png() -> Callable[..., bytes]:
    """Encodes an array (H, W) or (H, W, 3), or a plain colour of a size, as an image file."""

    def encode(pixels: Any = (10, 20, 30), size: tuple[int, int] = (6, 6), kind: str = "PNG") -> bytes:
        given = isinstance(pixels, np.ndarray)
        image = Image.fromarray(pixels) if given else Image.new("RGB", size, pixels)
        buffer = io.BytesIO()
        image.save(buffer, kind)
        return buffer.getvalue()

    return encode


@pytest.fixture
def image_rows() -> Callable[[int, int], np.ndarray]:
    """Distinct images as the rows of a CIFAR-like batch: uint8 (N, 3 * side * side)."""

    def rows(count: int, side: int) -> np.ndarray:
        rng = np.random.Generator(np.random.PCG64(count))
        return rng.integers(0, 256, size=(count, 3 * side * side), dtype=np.uint8)

    return rows


@pytest.fixture
def python2_pickle() -> Callable[[np.ndarray, list[int], bytes], bytes]:
    """What Python 2's cPickle wrote for {"data": array, key: labels}: strings, not bytes or text."""

    def text(value: bytes) -> bytes:
        return pickle.SHORT_BINSTRING + bytes([len(value)]) + value

    def number(value: int) -> bytes:
        return pickle.BININT + value.to_bytes(4, "little", signed=True)

    def write(data: np.ndarray, labels: list[int], key: bytes = b"labels") -> bytes:
        rows, columns = data.shape
        raw = data.tobytes()
        reconstruct = pickle.GLOBAL + b"numpy.core.multiarray\n_reconstruct\n"
        array_class, dtype_class = pickle.GLOBAL + b"numpy\nndarray\n", pickle.GLOBAL + b"numpy\ndtype\n"
        arguments = text(b"u1") + number(0) + number(1) + pickle.TUPLE3
        state = number(3) + text(b"|") + pickle.NONE * 3 + number(-1) * 2 + number(0)
        dtype = dtype_class + arguments + pickle.REDUCE + pickle.MARK + state + pickle.TUPLE + pickle.BUILD
        arguments = array_class + number(0) + pickle.TUPLE1 + text(b"b") + pickle.TUPLE3
        shape = number(rows) + number(columns) + pickle.TUPLE2
        content = pickle.BINSTRING + len(raw).to_bytes(4, "little") + raw
        state = number(1) + shape + dtype + pickle.NEWFALSE + content
        array = reconstruct + arguments + pickle.REDUCE + pickle.MARK + state + pickle.TUPLE + pickle.BUILD
        numbers = pickle.EMPTY_LIST + pickle.MARK + b"".join(map(number, labels)) + pickle.APPENDS
        entries = text(b"data") + array + text(key) + numbers
        return (
            pickle.PROTO + b"\x02" + pickle.EMPTY_DICT + pickle.MARK + entries + pickle.SETITEMS + pickle.STOP
        )

    return write
