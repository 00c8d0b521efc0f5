from pathlib import Path
from typing import Any

import pytest

from croze.data import READERS, open_dataset
from croze.errors import CrozeError


def test_unknown_reader_lists_the_known_ones() -> None:
    names = "digits, cifar10, cifar100, imagenet16-120, folder, parquet, huggingface, npz"
    for spec in ("mnist:x", "/data/x.npz", "Digits"):
        with pytest.raises(
            CrozeError, match=f"Unknown data set reader .*, expected one of {names}: for example"
        ):
            open_dataset(spec)


def test_a_path_alone_is_no_data() -> None:
    path: Any = Path("x")
    with pytest.raises(CrozeError, match=r"a spec such as .*; got a (Posix|Windows)Path"):
        open_dataset(path)


@pytest.mark.parametrize("name", sorted(set(READERS) - {"digits"}))
def test_every_reader_needs_a_path_that_exists(name: str, tmp_path: Path) -> None:
    with pytest.raises(CrozeError, match=f"'{name}' needs a path"):
        open_dataset(name)
    with pytest.raises(CrozeError, match="There is no file or folder"):
        open_dataset(f"{name}:{tmp_path / 'missing'}")


@pytest.mark.parametrize("name", READERS)
def test_every_reader_is_described_in_a_line_and_refuses_unknown_options(name: str, tmp_path: Path) -> None:
    _, description = READERS[name]
    assert description
    assert "\n" not in description
    with pytest.raises(CrozeError, match=f"'{name}' has no option 'colour'"):
        open_dataset(f"{name}:{tmp_path}?colour=1")
