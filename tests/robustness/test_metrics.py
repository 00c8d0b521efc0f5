import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, hmean

from croze.errors import CrozeError
from croze.robustness.attacks import find_attack
from croze.robustness.conditions import Attacked, Clean
from croze.robustness.metrics import harmonic_robustness, per_class, wilson, worst_case
from croze.robustness.summary import masking_signs


@given(st.integers(1, 2000), st.data())
def test_wilson_is_scipys(conditions, data):
    successes = data.draw(st.integers(0, conditions))
    low, high = wilson(successes, conditions)
    expected = binomtest(successes, conditions).proportion_ci(method="wilson")
    assert low == pytest.approx(expected.low, abs=1e-12)
    assert high == pytest.approx(expected.high, abs=1e-12)
    assert low <= successes / conditions <= high


def test_no_images_have_no_interval():
    with pytest.raises(CrozeError, match="at least one image"):
        wilson(0, 0)


@given(st.floats(0.001, 1), st.floats(0.001, 1))
def test_hrs_is_the_harmonic_mean(clean, robust):
    assert harmonic_robustness(clean, robust) == pytest.approx(hmean([clean, robust]))
    assert harmonic_robustness(clean, 0.0) == 0.0
    assert harmonic_robustness(0.0, 0.0) == 0.0


def test_per_class():
    correct = np.array([True, False, True, True])
    labels = np.array([0, 0, 2, 2, 1, 1])
    assert per_class(correct, labels, 4) == (0.5, None, 1.0, None)


def test_the_worst_case_is_over_the_attacks_that_saw_an_image():
    one, other = np.array([True, True, False, True]), np.array([True, False, False])
    assert worst_case([one, other]).tolist() == [True, False, False, True]
    assert worst_case([one, other]).sum() <= one.sum()


def condition(spec, epsilon=0.03):
    return Attacked(find_attack(spec), epsilon)


def test_no_sign_where_attacks_behave():
    conditions = [
        Clean(),
        condition("fgsm"),
        condition("pgd"),
        condition("square"),
        condition("pgd(steps=50)", 1.0),
    ]
    shares = (1.0, 0.5, 0.3, 0.4, 0.0)
    correct = {t.key: np.arange(200) < 200 * s for t, s in zip(conditions, shares, strict=True)}
    assert masking_signs(conditions, correct) == []


@pytest.mark.parametrize(
    ("specs", "shares", "says"),
    [
        (
            (("square", 0.03), ("pgd", 0.03)),
            (0.3, 0.5),
            "needs no gradients and succeeds more often",
        ),
        ((("fgsm", 0.03), ("pgd", 0.03)), (0.3, 0.5), "takes more steps than fgsm"),
        ((("pgd(steps=50)", 1.0),), (0.2,), "has no bound and still leaves 20.0%"),
    ],
)
def test_signs_of_masking(specs, shares, says):
    conditions = [condition(*spec) for spec in specs]
    correct = {t.key: np.arange(200) < 200 * s for t, s in zip(conditions, shares, strict=True)}
    (sign,) = masking_signs(conditions, correct)
    assert says in sign


def test_a_difference_of_chance_is_no_sign():
    conditions = [condition("square"), condition("pgd")]
    correct = {conditions[0].key: np.arange(50) < 20, conditions[1].key: np.arange(50) < 21}
    assert masking_signs(conditions, correct) == []
