import pytest
from hypothesis import given
from hypothesis import strategies as st

from croze.errors import CrozeError
from croze.perturb.epsilon import check_epsilon, parse_epsilon, write_epsilon


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8/255", 8 / 255),
        (" 4 / 255 ", 4 / 255),
        ("0.03", 0.03),
        ("1e-2", 0.01),
        ("1", 1.0),
        ("0.5/255", 0.5 / 255),
    ],
)
def test_forms(text, value):
    assert parse_epsilon(text) == value
    assert parse_epsilon(text, "l2") == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (8 / 255, "8/255"),
        (0.0313725, "8/255"),
        (0.03, "0.03"),
        (0.5, "0.5"),
        (1.0, "1"),
        (2.5, "2.5"),
        (1e-5, "1e-05"),
    ],
)
def test_writing(value, text):
    assert write_epsilon(value) == text


@given(st.floats(1e-9, 1.0))
def test_what_is_written_is_read_back(value):
    assert parse_epsilon(write_epsilon(value)) == pytest.approx(value, abs=4e-7)


@given(st.integers(1, 254))
def test_every_level_is_read_back_exactly(level):
    assert parse_epsilon(f"{level}/255") == level / 255
    assert parse_epsilon(write_epsilon(level / 255)) == level / 255
    assert write_epsilon(level / 255) == f"{level}/255"


@given(st.floats(1.0, 300.0, exclude_min=True))
def test_levels_without_their_255_are_refused(value):
    with pytest.raises(CrozeError, match="pixel space"):
        parse_epsilon(repr(value))
    assert parse_epsilon(repr(value), "l2") == value


def test_8_is_told_to_be_8_255():
    with pytest.raises(CrozeError, match=r"at most 1, got 8: write 8/255\."):
        parse_epsilon("8")
    with pytest.raises(CrozeError, match=r"write 8/255, for example"):
        parse_epsilon("1000")


@pytest.mark.parametrize("text", ["", "eight", "8/", "/255", "8/0", "1/2/3", "nan", "8/nan"])
def test_what_cannot_be_read(text):
    with pytest.raises(CrozeError, match="Cannot read the epsilon"):
        parse_epsilon(text)


@pytest.mark.parametrize("text", ["0", "-1/255", "-0.1", "inf"])
def test_what_is_no_size(text):
    with pytest.raises(CrozeError, match="above 0"):
        parse_epsilon(text)


def test_unknown_norms():
    with pytest.raises(CrozeError, match="Unknown norm 'l1'; choose one of linf, l2"):
        check_epsilon(0.1, "l1")
