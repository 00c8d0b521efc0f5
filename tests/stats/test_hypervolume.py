from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from croze.stats.hypervolume import hypervolume


def by_inclusion_and_exclusion(points):
    """The volume of a union of boxes from the origin: boxes intersect in the box of the lesser corners."""
    total = 0.0
    for size in range(1, len(points) + 1):
        for chosen in combinations(range(len(points)), size):
            total += (-1) ** (size + 1) * float(np.prod(points[list(chosen)].min(axis=0)))
    return total


@given(
    st.integers(1, 4).flatmap(
        lambda d: arrays.arrays(
            np.float64, st.tuples(st.integers(1, 6), st.just(d)), elements=st.floats(0, 1)
        )
    )
)
def test_it_is_the_volume_of_the_union_of_boxes(points):
    assert hypervolume(points) == pytest.approx(by_inclusion_and_exclusion(points), abs=1e-12)


def test_nothing_dominates_nothing():
    assert hypervolume(np.empty((0, 2))) == 0.0
    assert hypervolume(np.array([[-1.0, 2.0]])) == 0.0
