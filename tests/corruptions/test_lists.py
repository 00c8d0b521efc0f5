import pytest

from croze.corruptions import GROUPS, SEVERITIES, parse_corruptions
from croze.errors import CrozeError


def test_a_list_of_corruptions():
    assert len(parse_corruptions("all")) == 75
    assert len(set(map(str, parse_corruptions("all")))) == 75
    assert [str(one) for one in parse_corruptions("fog@3, jpeg@1")] == ["fog@3", "jpeg_compression@1"]
    assert {one.name for one in parse_corruptions("noise")} == set(GROUPS["Noise"])
    assert [one.severity for one in parse_corruptions("snow")] == list(SEVERITIES)
    assert {str(one) for one in parse_corruptions("Blur@5")} == {f"{name}@5" for name in GROUPS["Blur"]}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("fogg", "Unknown corruption 'fogg'"),
        ("fog@6", "severity"),
        ("fog@", "severity"),
        ("noise,shot@2", "shot_noise@2 is named twice"),
        ("", "Unknown corruption"),
    ],
)
def test_what_is_no_list_of_corruptions(text, says):
    with pytest.raises(CrozeError, match=says):
        parse_corruptions(text)


def test_groups_among_names():
    found = parse_corruptions("noise,fog")
    assert list(dict.fromkeys(one.name for one in found)) == [*GROUPS["Noise"], "fog"]
    with pytest.raises(CrozeError, match="shot_noise@1 is named twice"):
        parse_corruptions("shot,noise")
