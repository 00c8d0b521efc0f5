import pytest
from hypothesis import given
from hypothesis import strategies as st

from croze.cli.options import parse_size
from croze.errors import CrozeError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("73306", 73306),
        ("73,306", 73306),
        ("1k", 1000),
        ("1.5K", 1500),
        (" 2m ", 2 * 10**6),
        ("0.5G", 5 * 10**8),
    ],
)
def test_sizes_as_people_write_them(text, value):
    assert parse_size(text, "--max-params") == value


def test_no_size_is_none():
    assert parse_size(None, "--max-params") is None


@pytest.mark.parametrize("text", ["", "0", "-1", "1e6", "1 M B", "M", "1T", "0.1", "nan", "1.M", "٣x"])
def test_anything_else_is_refused(text):
    with pytest.raises(CrozeError, match="--max-flops takes a positive number such as 1M"):
        parse_size(text, "--max-flops")


@given(st.integers(1, 10**15))
def test_whole_numbers_stay(number):
    assert parse_size(str(number), "x") == parse_size(f"{number:,}", "x") == number
