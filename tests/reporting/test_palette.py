import pytest

from croze.reporting.palette import BINS, SERIES, contrast, diverging, roles, themed, variables


def test_contrast_is_that_of_the_guidelines():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=1e-3)  # published for this pair


@pytest.mark.parametrize("ground", [0, 1])
def test_numbers_stand_out_from_their_cells(ground):
    for step in range(BINS):
        cell, text = roles()[f"d{step}"][ground], roles()[f"dt{step}"][ground]
        assert contrast(cell, text) >= 4.5, step


@pytest.mark.parametrize("ground", [0, 1])
def test_text_and_marks_stand_out_from_the_ground(ground):
    panel = roles()["panel"][ground]
    for role in ("ink", "soft"):
        assert contrast(roles()[role][ground], panel) >= 4.5
    for role in ("cloud", *(f"s{i}" for i in range(len(SERIES)))):
        assert contrast(roles()[role][ground], panel) >= 3


def test_equal_values_have_equal_colours_and_signs_have_other_ones():
    assert diverging(0.31) == diverging(0.29)
    assert diverging(0.3) != diverging(-0.3)
    assert diverging(3.0) == diverging(1.0)
    assert len({diverging(2 * step / (BINS - 1) - 1)[0] for step in range(BINS)}) == BINS


def test_colours_become_variables_that_both_grounds_have():
    assert themed('style="fill: #0072b2"') == 'style="fill: var(--s0)"'
    assert themed("#123456") == "#123456"
    for ground in ("light", "dark"):
        assert f"--s0:{roles()['s0'][('light', 'dark').index(ground)]};" in variables(ground)
    light = [values[0] for values in roles().values()]
    assert len(set(light)) == len(light)
