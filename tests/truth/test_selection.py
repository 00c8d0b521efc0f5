from __future__ import annotations

import numpy as np
import pytest

from croze.errors import CrozeError
from croze.truth import Truth, halves, select


def test_everything_in_order(tiny: Truth) -> None:
    assert select(tiny).tolist() == list(range(12))
    assert select(tiny, cells="distinct").tolist() == [0, 1, 2, 3, 6, 7, 8, 9, 10]


@pytest.mark.parametrize("cells", ["all", "distinct"])
def test_halves_are_disjoint_and_complete(tiny: Truth, cells: str) -> None:
    choose, report = (select(tiny, cells=cells, half=half) for half in ("choose", "report"))
    assert (halves(tiny)[choose] == 0).all()
    assert (halves(tiny)[report] == 1).all()
    assert sorted([*choose, *report]) == select(tiny, cells=cells).tolist()
    assert not set(tiny.representative[choose]) & set(tiny.representative[report])


def test_a_larger_sample_begins_with_the_smaller(tiny: Truth) -> None:
    small, large = (select(tiny, sample=k, seed=3, cells="distinct") for k in (4, 9))
    assert len(set(small.tolist())) == 4
    np.testing.assert_array_equal(large[:4], small)
    np.testing.assert_array_equal(select(tiny, sample=4, seed=3, cells="distinct"), small)
    assert sorted(large) == select(tiny, cells="distinct").tolist()


def test_the_seed_decides(tiny: Truth) -> None:
    draws = {tuple(select(tiny, sample=6, seed=seed).tolist()) for seed in range(5)}
    assert len(draws) == 5


@pytest.mark.parametrize("sample", [0, -1, 13])
def test_more_than_there_is(tiny: Truth, sample: int) -> None:
    with pytest.raises(CrozeError, match=f"sample of {sample} cannot be drawn: robust-nb201 has 12"):
        select(tiny, sample=sample)


def test_unknown_names(tiny: Truth) -> None:
    with pytest.raises(CrozeError, match="all or distinct, got 'some'"):
        select(tiny, cells="some")
    with pytest.raises(CrozeError, match="choose, report or both, got 'left'"):
        select(tiny, half="left")


def test_a_draw_depends_on_the_strings_alone(tiny: Truth) -> None:
    order = np.random.Generator(np.random.PCG64(0)).permutation(len(tiny))
    place = np.argsort(order)
    shuffled = Truth(
        "elsewhere",
        tiny.dataset,
        tuple(tiny.architectures[i] for i in order),
        place[tiny.representative[order]],
        {},
        tiny.provenance,
    )
    drawn = [[truth.architectures[i] for i in select(truth, 5, seed=1)] for truth in (tiny, shuffled)]
    assert drawn[0] == drawn[1]
