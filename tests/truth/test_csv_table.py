from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from croze.errors import CrozeError
from croze.ranking.columns import every_column
from croze.spaces.darts import Darts
from croze.spaces.nasbench201 import NASBench201
from croze.spaces.nasbench201.cell import every_cell
from croze.truth import open_truth
from croze.truth.csv_table import Spec, read

CELL = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|nor_conv_1x1~2|"
OTHER = "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|"
FIRST = "|skip_connect~0|+|skip_connect~0|none~1|+|none~0|none~1|nor_conv_3x3~2|"
TWIN = "|nor_conv_1x1~0|+|skip_connect~0|none~1|+|none~0|none~1|nor_conv_3x3~2|"
GENOTYPE = (
    "[[(0, 0), (1, 5), (1, 1), (0, 1), (1, 3), (0, 3), (1, 3), (3, 2)], "
    "[(1, 0), (0, 2), (1, 3), (0, 3), (3, 0), (0, 1), (2, 0), (3, 6)]]"
)
CELLS = every_cell()


def written(folder: Path, *lines: str, end: str = "\n") -> Path:
    file = folder / "mine.csv"
    file.write_text("\n".join(lines) + end)
    return file


def opened(file: Path, options: str = "", dataset: str = "cifar10"):
    return open_truth(f"csv:{file}{options}", dataset)


def test_columns_in_any_order_and_any_notation(tmp_path):
    file = written(tmp_path, "pgd@8,arch, robust", f'40.5,"{CELL}",12', '2.5,"(2, 1, 1, 1, 1, 0)",7')
    truth = opened(file, dataset="Mine")
    assert (truth.name, truth.dataset, truth.space, dict(truth.network)) == ("csv", "mine", "nasbench201", {})
    assert truth.architectures == (
        CELL,
        "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|",
    )
    assert list(truth.columns) == ["pgd@8", "robust"]
    assert truth.values("pgd@8").tolist() == [0.405, 0.025]
    assert [column.name for column in every_column(truth).columns] == ["pgd@8", "robust"]


@given(
    st.lists(st.sampled_from(CELLS), min_size=1, max_size=6, unique_by=str),
    st.lists(st.sampled_from(["clean", "pgd@8", "a b", "ä", "1"]), min_size=1, max_size=3, unique=True),
    st.sampled_from(["fraction", "percent"]),
    st.randoms(use_true_random=False),
)
def test_what_is_written_is_read(tmp_path_factory, cells, names, unit, rng: random.Random):
    scale = {"fraction": 1, "percent": 100}[unit]
    rows = [[rng.random() * scale for _ in names] for _ in cells]
    text = f"arch,{','.join(names)}\n" + "".join(
        f"{cell},{','.join(map(repr, row))}\n" for cell, row in zip(cells, rows, strict=True)
    )
    file = tmp_path_factory.mktemp("csv") / "table.csv"
    file.write_text(text)
    truth = read(Path(f"{file}?unit={unit}"), "cifar10")
    assert truth.architectures == tuple(map(str, cells))
    space = NASBench201()
    classes = [space.canonical(cell) for cell in cells]
    for i, cell in enumerate(cells):
        members = [k for k, other in enumerate(classes) if other == classes[i]]
        assert truth.architectures[truth.representative[i]] == min(str(cells[k]) for k in members)
        for c, name in enumerate(names):
            mean = np.mean([rows[k][c] / scale for k in members])
            assert truth.values(name)[i] == pytest.approx(mean, rel=1e-12)
            own = truth.columns.get(f"{name}-of-string", truth.columns[name])
            assert own[truth.lookup(cell)] == pytest.approx(rows[i][c] / scale, rel=1e-12)


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda b: b.decode("latin1")))
def test_whatever_stands_in_a_file_is_read_or_refused_in_a_sentence(tmp_path_factory, text):
    file = tmp_path_factory.mktemp("any") / "table.csv"
    file.write_text(f"arch,clean\n{CELL},{text}\n", encoding="utf-8")
    try:
        clean = read(file, "cifar10").values("clean")[0]
    except CrozeError as problem:
        clean, reason = 0.0, str(problem)
    else:
        reason = str(file)
    assert str(file) in reason
    assert 0 <= clean <= 1


def test_twins_have_the_mean_and_keep_their_own(tmp_path):
    truth = opened(written(tmp_path, "arch,clean,fgsm@8", f"{FIRST},0.9,0.5", f"{TWIN},0.7,0.5"))
    assert truth.representative.tolist() == [1, 1]
    assert truth.values("clean") == pytest.approx([0.8, 0.8])
    assert truth.values("clean-of-string").tolist() == [0.9, 0.7]
    assert list(truth.columns) == ["clean", "clean-of-string", "fgsm@8"]
    assert [column.name for column in every_column(truth).columns] == ["clean", "fgsm@8"]


def test_other_spaces_and_published_names(tmp_path):
    file = written(tmp_path, "arch,clean", f'"{GENOTYPE}",0.9', "DARTS-V2,0.95")
    truth = opened(file, "?space=darts")
    assert truth.space == "darts"
    assert truth.architectures[0] == str(Darts().parse(GENOTYPE))
    assert truth.architectures[1].startswith("Genotype(normal=")
    with pytest.raises(CrozeError, match="line 2"):
        opened(file)
    with pytest.raises(CrozeError, match="Unknown space 'dart'"):
        opened(file, "?space=dart")


def test_a_spreadsheet_may_mark_its_encoding(tmp_path):
    file = tmp_path / "sheet.csv"
    file.write_bytes(f"\ufeffarch,clean\r\n{CELL},0.5\r\n".encode())
    assert opened(file).values("clean").tolist() == [0.5]


@pytest.mark.parametrize(
    ("values", "option", "expected"),
    [
        (("0.4", "1"), "", [0.4, 1.0]),
        (("0", "40"), "", [0, 0.4]),
        (("1.5", "100"), "", [0.015, 1.0]),
        (("0.5", "0.9"), "?unit=percent", [0.005, 0.009]),
        (("0.5", "50"), "?unit=percent", [0.005, 0.5]),
        (("0", "0"), "", [0, 0]),
    ],
)
def test_units(tmp_path, values, option, expected):
    file = written(tmp_path, "arch,clean", f"{CELL},{values[0]}", f"{OTHER},{values[1]}")
    assert opened(file, option).values("clean") == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("lines", "option", "message"),
    [
        (["arch,a,b", f"{CELL},0.5,30"], "", r"holds 0.5 \(a, line 2\) and 30 \(b, line 2\).*\?unit=percent"),
        (["arch,a", f"{CELL},1", f"{OTHER},3"], "", r"holds 1 \(a, line 2\) and 3 \(a, line 3\)"),
        (["arch,a", f"{CELL},101"], "", r"line 2: a must lie in 0\.\.100, got 101"),
        (["arch,a", f"{CELL},1.5"], "?unit=fraction", r"line 2: a must lie in 0\.\.1, got 1.5"),
        (["arch,a", f"{CELL},-0.1"], "", "line 2: expected an accuracy as a, got '-0.1'"),
        (["arch,a", f"{CELL},nan"], "", "got 'nan'"),
        (["arch,a", f"{CELL},"], "", "got ''"),
        (["arch", CELL], "", "must have the column arch and at least one more"),
        (["net,a", f"{CELL},1"], "", "must have the column arch .*'net', 'a'"),
        (["arch,a,a", f"{CELL},1,1"], "", "each once .*got 'a'"),
        (["arch,", f"{CELL},1"], "", "got ''"),
        (["arch,a-of-string", f"{CELL},1"], "", "got 'a-of-string'"),
        (["arch,a"], "", "holds no architectures"),
        (["arch,a", f"{CELL},1,2"], "", "line 2: expected 2 fields"),
        (["arch,a", "|conv~0|,1"], "", r"line 2: '\|conv~0\|' is not a NAS-Bench-201 cell"),
        (["arch,a", f"{CELL},1", f" {CELL} ,1"], "", "line 3: the architecture of line 2 a second time"),
        (["arch,a", f"{CELL},1"], "?unit=bits", "A unit is fraction or percent, got 'bits'"),
        (["arch,a", f"{CELL},1"], "?colour=red", r"takes \?space=NAME .* got 'colour=red'"),
        (["arch,a", f"{CELL},1"], "?unit=percent&unit=percent", "each once"),
        (["arch,a", f"{CELL},1"], "?unit=", "got 'unit='"),
    ],
)
def test_what_is_refused(tmp_path, lines, option, message):
    with pytest.raises(CrozeError, match=message) as caught:
        opened(written(tmp_path, *lines), option)
    assert "\n" not in str(caught.value)


def test_a_file_that_ends_within_a_line_and_none(tmp_path):
    with pytest.raises(CrozeError, match=r"must end with a whole line.*write it anew"):
        opened(written(tmp_path, "arch,a", f"{CELL},0.9", end=""))
    with pytest.raises(CrozeError, match=r"Cannot read the table .*nothing\.csv: No such file"):
        opened(tmp_path / "nothing.csv")


def test_options_stand_behind_the_last_question_mark(tmp_path):
    assert Spec.of(Path("a?b.csv")) == Spec(Path("a?b.csv"))
    assert Spec.of(Path("a?b=c/d.csv?unit=percent")) == Spec(Path("a?b=c/d.csv"), unit="percent")
    assert Spec.of(Path("x.csv?space=darts&unit=fraction")) == Spec(Path("x.csv"), "darts", "fraction")


def test_the_option_decides_which_table_answers(tmp_path):
    file = written(tmp_path, "arch,clean", f"{CELL},0.5")
    assert opened(file).values("clean").tolist() == [0.5]
    assert opened(file, "?unit=percent").values("clean").tolist() == [0.005]
    assert opened(file).values("clean").tolist() == [0.5]


def test_a_space_of_the_users_own_is_never_remembered(tmp_path):
    space = tmp_path / "mine.py"
    space.write_text(
        "from croze.spaces.nasbench201 import NASBench201\n\n\nclass Mine(NASBench201):\n"
        "    name = 'mine'\n\n    def canonical(self, cell):\n        return cell\n"
    )
    file = written(tmp_path, "arch,clean", f"{FIRST},0.9", f"{TWIN},0.7")
    assert opened(file, f"?space={space}:Mine").representative.tolist() == [0, 1]
    space.write_text(space.read_text().replace("return cell", "return super().canonical(cell)"))
    assert opened(file, f"?space={space}:Mine").representative.tolist() == [1, 1]
