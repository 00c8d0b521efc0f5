import csv
import hashlib

import numpy as np
import pytest

from croze.errors import CrozeError
from croze.ranking.columns import every_column, table2
from croze.spaces.nasbench201 import NASBench201
from croze.truth import open_truth

SPACE = NASBench201()
FIRST = "|skip_connect~0|+|skip_connect~0|none~1|+|none~0|none~1|nor_conv_3x3~2|"
TWIN = "|nor_conv_1x1~0|+|skip_connect~0|none~1|+|none~0|none~1|nor_conv_3x3~2|"
OTHER = "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|"
HEAD = "arch,cifar10_test_accuracy"
ROWS = (f"{FIRST},90", f"{OTHER},70.5", f"{TWIN},80")


def written(path, *lines, end="\n"):
    file = path / "accuracies.csv"
    file.write_text("\n".join(lines) + end)
    return file


def opened(file, dataset="cifar10"):
    return open_truth(f"nasbench201:{file}", dataset)


@pytest.fixture
def whole(shared_data):
    file = shared_data / "nas_bench_201" / "cifar10_test_accuracy.csv"
    if not file.is_file():
        pytest.skip(f"no NAS-Bench-201 accuracies in {shared_data}")
    return file


def test_all_cells_of_the_benchmark(whole):
    truth = opened(whole)
    with whole.open() as lines:
        rows = [(row["arch"], float(row["cifar10_test_accuracy"])) for row in csv.DictReader(lines)]
    assert len(truth) == 15625
    assert len(truth.distinct) == 6466
    assert truth.architectures == tuple(architecture for architecture, _ in rows)
    assert truth.values("clean-of-string").tolist() == [percent / 100 for _, percent in rows]
    assert (truth.values("clean-of-string") >= 0.935).sum() == 411
    by_class = {}
    for architecture, percent in rows:
        by_class.setdefault(SPACE.canonical(SPACE.parse(architecture)), []).append(percent / 100)
    expected = [np.mean(by_class[SPACE.canonical(SPACE.parse(architecture))]) for architecture, _ in rows]
    np.testing.assert_allclose(truth.values("clean"), expected, rtol=1e-12)
    representatives = {truth.architectures[i] for i in truth.distinct}
    assert representatives == {str(cell) for cell in by_class}
    assert truth.provenance.sha256 == {whole.name: hashlib.sha256(whole.read_bytes()).hexdigest()}


def test_its_classes_are_those_of_robust_nasbench201(whole, real):
    truth = opened(whole)
    place = [truth.lookup(architecture) for architecture in real.architectures]
    pairs = set(zip(real.representative.tolist(), truth.representative[place].tolist(), strict=True))
    assert len(pairs) == len(real.distinct) == len({ours for _, ours in pairs})


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_class_has_the_mean_of_its_strings_whatever_their_order(tmp_path, order):
    truth = opened(written(tmp_path, HEAD, *(ROWS[i] for i in order)))
    for architecture, clean, own in ((FIRST, 0.85, 0.9), (TWIN, 0.85, 0.8), (OTHER, 0.705, 0.705)):
        place = truth.lookup(architecture)
        assert truth.values("clean")[place] == pytest.approx(clean)
        assert truth.values("clean-of-string")[place] == pytest.approx(own)
    twins = {truth.architectures[i]: truth.architectures[twin] for i, twin in enumerate(truth.representative)}
    assert twins == {FIRST: TWIN, TWIN: TWIN, OTHER: OTHER}


def test_what_commands_can_make_of_it(tmp_path):
    truth = opened(written(tmp_path, HEAD, *ROWS), "CIFAR10")
    assert truth.dataset == "cifar10"
    assert [column.name for column in every_column(truth).columns] == ["clean"]
    assert [column.name for column in table2(truth).columns] == ["clean"]


def test_other_columns_are_not_looked_at(tmp_path):
    lines = ["seed,cifar100_test_accuracy,arch,cifar10_test_accuracy", f'777,nothing,"{FIRST}",90']
    assert opened(written(tmp_path, *lines)).values("clean").tolist() == [0.9]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ["net,cifar10_test_accuracy", *ROWS],
            r"must have the columns arch and cifar10_test_accuracy .* lacks arch",
        ),
        (["arch,accuracy", *ROWS], "it lacks cifar10_test_accuracy"),
        ([HEAD], "holds no architectures"),
        ([HEAD, *ROWS, ROWS[0]], "line 5: .* is there a second time"),
        ([HEAD, f"{FIRST},90,1"], "line 2: expected 2 fields as in the first line, got 3"),
        ([HEAD, f"{FIRST},100.5"], "line 2: expected an accuracy in percent, got '100.5'"),
        ([HEAD, f"{FIRST},nan"], "expected an accuracy in percent, got 'nan'"),
        ([HEAD, f"{FIRST},"], "expected an accuracy in percent, got ''"),
        ([HEAD, *ROWS, "|none~0|,90"], "line 5: .* is not a NAS-Bench-201 cell"),
        ([HEAD, '"(4, 3, 3, 0, 0, 0)",90'], r"line 2: expected the string \|avg_pool"),
        ([HEAD, f'"{FIRST}'], "cannot be read as CSV"),
    ],
)
def test_files_that_are_not_as_described(tmp_path, lines, message):
    with pytest.raises(CrozeError, match=message):
        opened(written(tmp_path, *lines))


def test_a_file_that_ends_within_a_line(tmp_path):
    with pytest.raises(
        CrozeError, match=r"must end with a whole line, got .* bytes without: it is cut short"
    ):
        opened(written(tmp_path, HEAD, *ROWS, end=""))


def test_no_file_and_no_text(tmp_path):
    with pytest.raises(CrozeError, match=r"Cannot read the accuracies .*nowhere"):
        opened(tmp_path / "nowhere.csv")
    with pytest.raises(CrozeError, match="Cannot read the accuracies"):
        opened(tmp_path)
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\n")
    with pytest.raises(CrozeError, match="cannot be read as CSV"):
        opened(tmp_path / "binary.csv")


def test_unknown_data_sets_are_listed(tmp_path):
    with pytest.raises(CrozeError, match="cifar10, cifar100, imagenet16-120, got 'svhn'"):
        opened(written(tmp_path, HEAD, *ROWS), "svhn")
    with pytest.raises(CrozeError, match="lacks cifar100_test_accuracy"):
        opened(written(tmp_path, HEAD, *ROWS), "cifar100")
