from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from croze.errors import CrozeError
from croze.paper.simulation import parse_goals, targets_of
from croze.truth import Provenance, Truth


def test_goals_are_read_by_column():
    assert parse_goals("clean=93.5,fgsm-8=46") == {"clean": 0.935, "fgsm@8": 0.46}
    assert parse_goals(" FGSM@8 = 46 ") == {"fgsm@8": 0.46}
    assert parse_goals("apgd-ce-0.5=10,apgd-ce@1=5,gaussian_noise-3=40,corruptions=100") == {
        "apgd-ce@0.5": 0.1,
        "apgd-ce@1": 0.05,
        "gaussian_noise@3": 0.4,
        "corruptions": 1.0,
    }


@pytest.mark.parametrize(
    "text", ["", "clean", "clean=", "=93", "clean=high", "clean=0", "clean=101", "clean=nan"]
)
def test_goals_that_cannot_be_read(text):
    with pytest.raises(CrozeError, match="Targets are NAME=PERCENT"):
        parse_goals(text)


def test_a_goal_that_is_set_twice():
    with pytest.raises(CrozeError, match="The target fgsm-8 is set twice"):
        parse_goals("fgsm@8=46,fgsm-8=47")


@given(st.text(max_size=30))
def test_any_other_text_is_refused_or_a_goal(text):
    with suppress(CrozeError):
        assert all(0 < goal <= 1 for goal in parse_goals(text).values())


def test_clean_comes_from_where_it_is_said(small):
    order = np.arange(len(small))[::-1]
    clean = np.linspace(0, 1, len(small))
    other = Truth(
        "other",
        "cifar10",
        tuple(small.architectures[i] for i in order),
        np.arange(len(small)),
        {"clean": clean, "fgsm@8": clean},
        Provenance("memory", {}),
    )
    first, second = targets_of(small, {"clean": 0.5, "fgsm@8": 0.25}, other)
    assert (first.source, first.name, first.goal) == ("other", "clean", 0.5)
    assert (second.source, second.name, second.goal) == ("small", "FGSM-8", 0.25)
    np.testing.assert_array_equal(first.values, clean[::-1][small.representative])  # one value a class
    np.testing.assert_array_equal(second.values, small.values("fgsm@8"))
    assert first.above(np.arange(len(small))).tolist() == (clean[::-1][small.representative] >= 0.5).tolist()
    assert targets_of(small, {"clean": 0.5})[0].source == "small"


def test_what_the_truths_lack_is_said(small):
    with pytest.raises(CrozeError, match="small has no column 'pgd@8'"):
        targets_of(small, {"pgd@8": 0.5})
    some = Truth(
        "some", "cifar10", small.architectures[:9], np.arange(9), {"clean": np.ones(9)}, Provenance("", {})
    )
    with pytest.raises(CrozeError, match="some knows no architecture"):
        targets_of(small, {"clean": 0.5}, some)


def test_the_goals_of_figure_3(real, real_moves, real_targets):
    clean, fgsm = (target.above(real_moves.representatives) for target in real_targets)
    assert clean.sum() == 290
    assert fgsm.sum() == 84
    assert [target.source for target in real_targets] == ["nasbench201", "robust-nb201"]
    assert (real.values("fgsm@8") >= 0.46).sum() == real_moves.members[fgsm].sum()
