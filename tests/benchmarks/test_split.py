from __future__ import annotations

import hashlib

import numpy as np

from croze.benchmarks import Truth, halves, smallest_string
from croze.benchmarks.split import HALVES, half_of


def test_the_rule(tiny: Truth) -> None:
    expected = []
    for i in range(len(tiny)):
        members = [a for a, twin in zip(tiny.architectures, tiny.twin, strict=True) if twin == tiny.twin[i]]
        assert smallest_string(tiny, i) == sorted(members)[0]
        # The number is odd exactly when its last byte is.
        expected.append(hashlib.sha256(sorted(members)[0].encode()).digest()[-1] % 2)
    assert halves(tiny).tolist() == expected
    assert [half_of(smallest_string(tiny, i)) for i in range(len(tiny))] == expected
    assert dict(HALVES) == {"choose": 0, "report": 1}


def test_no_class_is_on_both_sides(real: Truth) -> None:
    half = halves(real)
    np.testing.assert_array_equal(half, half[real.twin])
    assert np.bincount(half).tolist() == [8433, 7192]
    assert np.bincount(half[real.distinct]).tolist() == [3244, 3222]
