import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from croze.corruptions import (
    CORRUPTIONS,
    GROUPS,
    RELEASED_GROUPS,
    SEVERITIES,
    Corruption,
    parse_corruption,
    parse_corruptions,
)
from croze.corruptions.names import SHORT
from croze.errors import CrozeError

names = st.sampled_from(CORRUPTIONS)
severities = st.sampled_from(SEVERITIES)


@given(names, severities)
def test_what_is_written_is_read(name, severity):
    corruption = Corruption(name, severity)
    assert parse_corruption(str(corruption)) == corruption
    assert str(corruption) == f"{name}@{severity}"
    assert hash(corruption) == hash(Corruption(name, severity))


@given(st.sampled_from(sorted(SHORT)), severities, st.sampled_from(["", " ", "\t"]))
def test_short_spellings_and_spaces(short, severity, space):
    text = f"{space}{short}{space}@{space}{severity}{space}"
    assert parse_corruption(text) == Corruption(SHORT[short], severity)


@given(st.text(max_size=30) | st.builds("{}@{}".format, names, st.text(max_size=3) | st.integers()))
def test_anything_else_is_refused_in_one_sentence(text):
    assume(text.rpartition("@")[2].strip() not in map(str, SEVERITIES))
    with pytest.raises(CrozeError) as caught:
        parse_corruption(text)
    assert str(caught.value).endswith(".")
    assert str(caught.value).splitlines() == [str(caught.value)]


@given(st.lists(names, min_size=1, unique=True))
def test_lists(chosen):
    found = parse_corruptions(",".join(chosen))
    assert list(dict.fromkeys(one.name for one in found)) == chosen
    with pytest.raises(CrozeError, match="named twice"):
        parse_corruptions(",".join([*chosen, chosen[0]]))


def test_all_of_them():
    assert {one.name for one in parse_corruptions("all")} == set(CORRUPTIONS)
    assert list(map(str, parse_corruptions("jpeg@1, fog@2"))) == ["jpeg_compression@1", "fog@2"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("fog", "name@severity, such as fog@3"),
        ("", "name@severity"),
        ("fog@", "whole number from 1 to 5, got ''"),
        ("fog@0", "from 1 to 5, got 0"),
        ("fog@6", "from 1 to 5, got 6"),
        ("fog@2.5", "from 1 to 5, got '2.5'"),
        ("fog@³", "from 1 to 5, got '³'"),
        ("fog@1@2", "from 1 to 5"),
        ("rain@1", "Unknown corruption 'rain'; the known ones are gaussian_noise"),
        ("noise@1", "Unknown corruption 'noise'"),
    ],
)
def test_mistakes(text, says):
    with pytest.raises(CrozeError, match=says):
        parse_corruption(text)


def test_groups():
    assert len(CORRUPTIONS) == 15
    assert sorted(name for group in GROUPS.values() for name in group) == sorted(CORRUPTIONS)
    released = [name for group in RELEASED_GROUPS.values() for name in group]
    assert len(released) == len(set(released)) == 13
    assert set(CORRUPTIONS) - set(released) == {"elastic_transform", "pixelate"}
