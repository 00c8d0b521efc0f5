import pytest

from croze.data.guard import guarded
from croze.errors import CrozeError


def test_any_exception_becomes_one_sentence() -> None:
    with (
        pytest.raises(CrozeError, match=r"^Cannot read it, try again \(KeyError: 'x'\)\.$"),
        guarded("Cannot read it, try again"),
    ):
        raise KeyError("x")


def test_only_the_first_sentence_of_the_detail_is_kept() -> None:
    with pytest.raises(CrozeError, match=r"^Bad \(ValueError: one\)\.$"), guarded("Bad"):
        raise ValueError("one. Load it unsafely.\ntwo")
    with pytest.raises(CrozeError, match=r"^Bad \(EOFError\)\.$"), guarded("Bad"):
        raise EOFError


def test_own_errors_pass_through() -> None:
    with pytest.raises(CrozeError, match=r"^mine$"), guarded("Bad"):
        raise CrozeError("mine")
