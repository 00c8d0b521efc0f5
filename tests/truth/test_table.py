"""A truth as bytes: what is written comes back, and nothing that was changed is taken for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from croze.truth import Provenance, Truth
from croze.truth.cache import MAGIC, pack, unpack

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
VALUES = st.one_of(st.floats(0, 1), st.just(float("nan")))


@st.composite
def truths(draw):
    strings = draw(st.lists(TEXT, min_size=1, max_size=8, unique=True))
    count = len(strings)
    representatives = draw(st.lists(st.integers(0, count - 1), min_size=1, unique=True))
    twin = [i if i in representatives else draw(st.sampled_from(representatives)) for i in range(count)]
    columns = draw(st.dictionaries(TEXT, st.lists(VALUES, min_size=count, max_size=count), max_size=3))
    return Truth(
        draw(TEXT),
        draw(TEXT),
        tuple(strings),
        np.array(twin, dtype=np.int64),
        {name: np.array(values) for name, values in columns.items()},
        Provenance("there", draw(st.dictionaries(TEXT, TEXT, max_size=2))),
        draw(TEXT),
        draw(st.dictionaries(TEXT, st.integers(), max_size=2)),
        tuple(f"{twin} {name}" for twin in twin) if (name := draw(st.none() | TEXT)) is not None else None,
    )


@given(truths(), TEXT, TEXT)
def test_round_trip(truth, key, source):
    found = unpack(pack(truth, key), key, source)
    assert (found.name, found.dataset, found.space) == (truth.name, truth.dataset, truth.space)
    assert found.architectures == truth.architectures
    assert found.network == truth.network
    assert found.names == truth.names
    assert found.provenance == Provenance(source, dict(truth.provenance.sha256))
    assert found.representative.tolist() == truth.representative.tolist()
    assert list(found.columns) == list(truth.columns)
    for name, values in truth.columns.items():
        assert found.columns[name].tobytes() == values.tobytes()
        assert not found.columns[name].flags.writeable
    assert all(array.flags.aligned for array in (found.representative, *found.columns.values()))


SMALL = Truth(
    "toy",
    "cifar10",
    ("a", "b"),
    np.array([0, 0]),
    {"clean": np.array([0.5, 0.5])},
    Provenance("", {"f": "0"}),
)


@given(st.data())
def test_any_changed_byte_is_noticed(data):
    content = bytearray(pack(SMALL, "key"))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValueError):
        unpack(bytes(content), "key", "")


@given(st.integers(0, len(pack(SMALL, "key")) - 1))
def test_any_shorter_table_is_noticed(length):
    with pytest.raises(ValueError):
        unpack(pack(SMALL, "key")[:length], "key", "")


def test_a_longer_one_and_one_of_another_key():
    with pytest.raises(ValueError, match="digest"):
        unpack(pack(SMALL, "key") + b"0", "key", "")
    with pytest.raises(ValueError, match="something else"):
        unpack(pack(SMALL, "key"), "lock", "")
    with pytest.raises(ValueError, match="no table"):
        unpack(b"PK\x03\x04", "key", "")
    assert pack(SMALL, "key").startswith(MAGIC)
