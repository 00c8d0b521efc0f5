from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croze.errors import CrozeError
from croze.truth import Provenance, Truth


def build(**changes: Any) -> Truth:
    values: dict[str, Any] = {
        "architectures": ("a", "b", "c"),
        "representative": np.array([0, 1, 1]),
        "columns": {"clean": np.array([0.1, 0.2, 0.2])},
    }
    return Truth("toy", "cifar10", provenance=Provenance("memory", {}), **(values | changes))


def test_the_arrays_of_the_caller_stay_writable() -> None:
    column = np.array([0.1, 0.2, 0.2])
    truth = build(columns={"clean": column})
    column[0] = 0.5
    assert not truth.values("clean").flags.writeable


def test_lookup_takes_anything_whose_string_is_the_architecture() -> None:
    class Cell:
        def __str__(self) -> str:
            return "c"

    assert build().lookup(Cell()) == 2
    assert build().distinct.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architectures": ()}, "at least one architecture"),
        ({"architectures": ("a", "b", "a")}, "1 repeats"),
        ({"representative": np.array([0, 1])}, r"as many representatives, got shape \(2,\)"),
        ({"representative": np.array([0, 1, 3])}, r"positions in 0\.\.2, got 0 to 3"),
        (
            {"representative": np.array([0, 2, 1])},
            "Position 2 represents architecture 1, so it must",
        ),
        ({"columns": {"clean": np.ones(2)}}, "clean needs 3 values"),
    ],
)
def test_inconsistent_truths_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CrozeError, match=message):
        build(**changes)
