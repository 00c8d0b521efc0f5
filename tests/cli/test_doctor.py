import pytest


def test_what_is_used_here_and_how_fast_it_is(croze, monkeypatch):
    monkeypatch.setattr("croze.cli.doctor.SPACES", ("nasbench201",))
    found = croze("doctor", "--seconds=0.1", "--proxy=params", "--workers=1", "--json=-")
    assert found.code == 0
    rate = found.json["calibration"]["nasbench201"]
    assert rate["per_second"] == pytest.approx(rate["candidates"] / rate["seconds"])
    assert found.json["machine"]["dtype"] == "float32"
    for told in ("instruction sets", "torch thread", "float64", "candidates/s (params, batch 8", "--device"):
        assert told in found.err


def test_without_calibration_nothing_is_scored(croze):
    found = croze("doctor", "--seconds=0")
    assert found.code == 0
    assert "instruction sets" in found.out
    assert "candidates/s" not in found.out


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("--proxy=croze-robust", "croze-robust is an aggregate"),
        ("--proxy=crose", "crose"),
        ("--device=cuda:7", "The device cuda:7 cannot be used here"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(croze, argument, told):
    found = croze("doctor", "--seconds=0", argument)
    assert found.code == 2
    assert told in found.err
    assert "Traceback" not in found.err
