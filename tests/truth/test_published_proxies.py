from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from croze.errors import CrozeError
from croze.spaces.nasbench201.cell import parse
from croze.truth import open_truth, read_published, select

CELLS = [
    "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|",
    "|avg_pool_3x3~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|",
    "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|",
]
TEXT = "net,net_str,params,snip\n" + "".join(
    f'"(1, {i})",{cell},0.{i}7,{value}\n'
    for i, (cell, value) in enumerate(zip(CELLS, ("1.5", "-100000000.0", "2"), strict=True))
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "scores.csv"
    path.write_text(TEXT)
    return path


def test_columns_and_failures(file: Path) -> None:
    found = read_published(file, ["snip", "params"], parse)
    assert found.architectures == tuple(CELLS)
    assert list(found.columns) == ["snip", "params"]
    np.testing.assert_array_equal(found.columns["snip"], [1.5, np.nan, 2.0])
    np.testing.assert_array_equal(found.columns["params"], [0.07, 0.17, 0.27])
    assert (found.name, len(found)) == ("scores.csv", 3)
    assert found.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    with pytest.raises(ValueError, match="read-only"):
        found.columns["snip"][0] = 1


def test_a_draw_depends_on_the_strings_alone(file: Path) -> None:
    found = read_published(file, ["snip"], parse)
    lines = TEXT.splitlines(keepends=True)
    file.write_text("".join([lines[0], *reversed(lines[1:])]))
    again = read_published(file, ["snip"], parse)
    drawn = [found.architectures[i] for i in found.draw(2, 3)]
    assert drawn == [again.architectures[i] for i in again.draw(2, 3)]
    assert drawn == [found.architectures[i] for i in found.draw(3, 3)][:2]
    for sample in (0, 4):
        with pytest.raises(CrozeError, match=f"A sample of {sample} cannot be drawn: scores.csv has .* of 3"):
            found.draw(sample, 0)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (TEXT, TEXT[:-3], "must end with a whole line.*cut short.*fetch the file again"),
        (TEXT, TEXT[:-5] + "\n", "line 4: expected 4 fields as in the first line, got 3"),
        (TEXT, TEXT[: TEXT.index(CELLS[1])] + "\n", "line 3: expected 4 fields"),
        (TEXT, "net,net_str,params,snip\n", "holds no architectures"),
        (TEXT, "", "must end with a whole line, got 0 bytes"),
        (TEXT, "\n", "it lacks net_str, snip, params|no architectures"),
        ("net,net_str", 'net,"net_str', "cannot be read as CSV"),
        ("params,snip", "params,snap", "must have the columns net_str, snip, params.* it lacks snip"),
        ("net_str", "arch", "it lacks net_str"),
        ("1.5", "many", "line 2: expected a number as snip, got 'many'"),
        ("1.5", "nan", "line 2: expected a number as snip, got 'nan'"),
        ("0.17", "", "line 3: expected a number as params, got ''"),
        (CELLS[1], "|conv~0|", r"line 3: '\|conv~0\|' is not a NAS-Bench-201 cell"),
        (CELLS[1], CELLS[0], "line 3: .* is there a second time"),
    ],
)
def test_a_broken_file_is_one_sentence(file: Path, before: str, after: str, message: str) -> None:
    file.write_text(TEXT.replace(before, after))
    with pytest.raises(CrozeError, match=message) as caught:
        read_published(file, ["snip", "params"], parse)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_text_and_no_file(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\n")
    with pytest.raises(CrozeError, match="cannot be read as CSV"):
        read_published(file, ["snip"], parse)
    with pytest.raises(CrozeError, match=r"Cannot read the published scores .*none\.csv: No such file"):
        read_published(file.parent / "none.csv", ["snip"], parse)
    with pytest.raises(CrozeError, match="it is no file"):
        read_published(file.parent, ["snip"], parse)


def test_the_published_file(shared_data: Path) -> None:
    names = ["epe_nas", "flops", "jacov", "nwot", "params", "plain", "snip"]
    found = read_published(shared_data / "nas_bench_201" / "published_proxy_scores.csv", names, parse)
    assert len(found) == 9445
    assert list(found.columns) == names
    assert found.columns["params"].min() == 0.073306
    assert 0 < np.isnan(found.columns["jacov"]).sum() < 1000
    assert not np.isnan(found.columns["snip"]).any()
    # the draw is that of a benchmark: its order is the same among the cells that both have
    truth = open_truth(f"robust-nb201:{shared_data / 'robust_nb201'}", "cifar10")
    known = set(found.architectures)
    order = [truth.architectures[i] for i in select(truth, 200, 5)]
    drawn = [found.architectures[i] for i in found.draw(200, 5)]
    expected = [cell for cell in order if cell in known]
    assert drawn[: len(expected)] == expected
