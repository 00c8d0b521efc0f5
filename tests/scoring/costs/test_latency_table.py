import csv
import json

import pytest

from croze.errors import CrozeError
from croze.scoring.costs import read_latency
from croze.spaces.nasbench201 import NASBench201
from croze.spaces.nasbench201.cell import every_cell

SPACE = NASBench201(4, 1)
CELL = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|avg_pool_3x3~2|"
OTHER = CELL.replace("nor_conv_1x1", "nor_conv_3x3")


def read(path, column="ms"):
    return read_latency(f"{path}:{column}", SPACE.parse, SPACE.canonical)


def written(tmp_path, text):
    path = tmp_path / "latencies.csv"
    path.write_text(text)
    return path


def value(cost, architecture):
    return cost.of(architecture, None, None)


def test_published_latencies_are_found_by_cell(shared_data):
    path = shared_data / "nas_bench_201" / "hw_nas_bench_cifar10.csv"
    cost = read(path, "edgegpu_latency")
    assert cost.spec == "latency(hw_nas_bench_cifar10.csv:edgegpu_latency)"
    assert not cost.kept
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))[::1500]
    names = ["skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3"]
    for row in rows:
        # the tuple counts edges 1-2, 1-3, 1-4, 2-3, 2-4, 3-4; the string names them node by node
        a, b, c, d, e, f = (names[i] for i in json.loads(row["net"].replace("(", "[").replace(")", "]")))
        text = f"|{a}~0|+|{b}~0|{d}~1|+|{c}~0|{e}~1|{f}~2|"
        assert value(cost, text) == float(row["edgegpu_latency"])
    for cell in every_cell()[::97]:
        assert value(cost, str(SPACE.canonical(cell))) > 0


def test_a_class_takes_the_value_of_a_member(tmp_path):
    direct = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"
    canonical = str(SPACE.canonical(SPACE.parse(direct)))
    members = [str(c) for c in every_cell() if str(SPACE.canonical(c)) == canonical]
    assert len(members) > 2
    outsider = next(m for m in members if m != canonical)
    cost = read(written(tmp_path, f"arch,ms\n{outsider},2.5\n"))
    assert value(cost, canonical) == value(cost, outsider) == 2.5
    both = read(written(tmp_path, f"arch,ms\n{outsider},2.5\n{canonical},3\n"))
    assert (value(both, canonical), value(both, outsider)) == (3.0, 2.5)


def test_what_is_not_there_has_no_latency(tmp_path):
    cost = read(written(tmp_path, f"arch,ms\n{CELL},1\n"))
    with pytest.raises(CrozeError, match=r"latencies\.csv:ms has no latency of"):
        value(cost, OTHER)


def test_another_file_is_another_cost(tmp_path):
    first = read(written(tmp_path, f"arch,ms\n{CELL},1\n"))
    assert first == read(written(tmp_path, f"arch,ms\n{CELL},1\n"))
    assert first != read(written(tmp_path, f"arch,ms\n{CELL},2\n"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must have the column ms and one of arch.*got nothing"),
        (f"cell,ms\n{CELL},1\n", "one of arch, architecture, net_str, net in its first line, got cell, ms"),
        (f"arch,seconds\n{CELL},1\n", "must have the column ms"),
        (f"arch,ms\n{CELL}\n", "line 2: expected 2 fields, got 1"),
        ("arch,ms\n|none|,1\n", "line 2: .*is not a NAS-Bench-201 cell"),
        (f"arch,ms\n{CELL},1\n{CELL},1\n", "line 3: .* is there twice"),
        (f"arch,ms\n{CELL},fast\n", "line 2: expected a number above 0 as ms, got 'fast'"),
        (f"arch,ms\n{CELL},-1\n", "got '-1'"),
        (f"arch,ms\n{CELL},nan\n", "got 'nan'"),
    ],
)
def test_bad_tables_are_one_sentence(tmp_path, text, message):
    with pytest.raises(CrozeError, match=message):
        read(written(tmp_path, text))


def test_a_table_is_named_with_its_column(tmp_path):
    for spec in ("latencies.csv", "latencies.csv:", ":ms"):
        with pytest.raises(CrozeError, match=r"named FILE.csv:COLUMN, got"):
            read_latency(spec, SPACE.parse, SPACE.canonical)
    with pytest.raises(CrozeError, match="Cannot read the latencies"):
        read(tmp_path / "nowhere.csv")
    (tmp_path / "bytes.csv").write_bytes(b"arch,ms\n\xff\xfe,1\n")
    with pytest.raises(CrozeError, match="cannot be read as CSV"):
        read(tmp_path / "bytes.csv")
