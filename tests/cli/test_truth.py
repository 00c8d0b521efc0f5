import subprocess
import sys

import pytest
from rich.console import Console

from croze.truth import BENCHMARKS
from croze.truth.catalogue import CATALOGUE

FIRST = "|skip_connect~0|+|skip_connect~0|none~1|+|none~0|none~1|nor_conv_3x3~2|"
TWIN = "|nor_conv_1x1~0|+|skip_connect~0|none~1|+|none~0|none~1|nor_conv_3x3~2|"
OTHER = "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|"


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text(f"arch,clean,pgd@8\n{FIRST},90,40.5\n{TWIN},80,41.5\n{OTHER},95,20\n")
    return f"csv:{file}"


def test_the_columns(croze, table):
    outcome = croze("truth", "--truth", table)
    assert outcome.code == 0
    assert "csv, cifar10: 3 architectures of nasbench201, 2 of them distinct up to isomorphism" in outcome.out
    rows = {line.split()[0]: line.split()[1:] for line in outcome.out.splitlines() if "%" in line}
    assert rows["clean"] == ["3", "2", "85.00%", "85.00%", "95.00%"]
    assert rows["pgd@8-of-string"] == ["3", "3", "20.00%", "40.50%", "41.50%"]
    assert croze("truth", "--truth", table, "--list").out == outcome.out


def test_one_architecture_in_another_notation(croze, table):
    outcome = croze("truth", "--truth", table, "--query", "(0, 0, 1, 1, 1, 2)", "--json", "-")
    assert outcome.code == 0
    found = outcome.json
    assert found["query"]["architecture"] == FIRST
    assert found["query"]["isomorphic"] == [FIRST, TWIN]
    assert found["query"]["columns"]["clean"] == {"value": pytest.approx(0.85), "rank": 2, "of": 2}
    assert found["truth"]["distinct"] == 2
    assert "columns" not in found
    for text in (FIRST, f"isomorphic   {TWIN}", "asked for as (0, 0, 1, 1, 1, 2)", "2 of 2"):
        assert text in outcome.err


def test_the_best(croze, table):
    outcome = croze("truth", "--truth", table, "--best", "pgd@8", "--top", "1", "--json", "found.json")
    assert outcome.code == 0
    assert "pgd@8" in outcome.out
    assert outcome.out.count("|+|") == 2  # one architecture
    found = croze("truth", "--truth", table, "--best", "clean", "--json", "-").json["best"]
    assert [(one["architecture"], one["rank"]) for one in found["ranking"]] == [(OTHER, 1), (TWIN, 2)]
    halves = [
        croze("truth", "--truth", table, "--best", "clean", "--half", half, "--json", "-").json["best"][
            "ranking"
        ]
        for half in ("choose", "report")
    ]
    assert sorted(one["architecture"] for half in halves for one in half) == sorted([OTHER, TWIN])


def test_many_twins_are_cut_short(croze, shared_data):
    truth = f"nasbench201:{shared_data / 'nas_bench_201' / 'cifar10_test_accuracy.csv'}"
    cell = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
    outcome = croze("truth", "--truth", truth, "--query", cell, "--json", "-")
    assert len(outcome.json["query"]["isomorphic"]) > 100
    assert outcome.err.count("isomorphic") == 8
    assert "more" in outcome.err
    assert "1 of 1 files are as published." in outcome.err


def test_the_sources(croze):
    for arguments in (["truth"], ["truth", "--list"], ["data", "list"]):
        outcome = croze(*arguments)
        assert outcome.code == 0
        assert all(name in outcome.out for name in CATALOGUE)
    found = croze("data", "list", "--json", "-").json["sources"]
    assert [source["name"] for source in found] == list(CATALOGUE)


def test_lines_fit_into_100_columns(croze, table, monkeypatch):
    monkeypatch.setattr("croze.cli.output.console", lambda _: Console(width=100, file=sys.stdout))
    for arguments in (["truth"], ["truth", "--truth", table, "--list", "--best", "clean"]):
        text = croze(*arguments).out
        tables = [line for line in text.splitlines() if "read from" not in line and "networks:" not in line]
        assert max(map(len, tables)) <= 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--query", FIRST], "need --truth NAME:PATH"),
        (["--best", "clean"], "need --truth NAME:PATH"),
        (["--truth", "nothing:x"], "Unknown benchmark 'nothing'"),
        (["--truth", "TABLE", "--best", "robust"], "csv has no column 'robust'"),
        (["--truth", "TABLE", "--query", "|conv~0|"], "is not a NAS-Bench-201 cell"),
        (["--truth", "TABLE", "--query", OTHER.replace("1x1", "3x3")], "isomorphic to"),
        (["--truth", "TABLE", "--best", "clean", "--half", "left"], "choose, report or both"),
    ],
)
def test_mistakes(refused, table, arguments, message):
    assert message in refused("truth", *(table if word == "TABLE" else word for word in arguments))


def test_a_warm_query_loads_no_torch(croze, table):
    assert croze("truth", "--truth", table).code == 0
    code = (
        "import sys\nfrom croze.__main__ import main\n"
        f"sys.argv = ['croze', 'truth', '--truth', {table!r}, '--list', '--best', 'clean']\n"
        f"sys.argv += ['--query', {FIRST!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('torch', 'scipy', 'sklearn', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_every_reader_is_listed_with_what_it_reads(croze):
    found = croze("list", "truths", "--json", "-").json["truths"]
    assert {entry["name"] for entry in found} == set(BENCHMARKS)
    summaries = [entry["summary"] for entry in found]
    assert len(set(summaries)) == len(summaries)
    assert all(summary.startswith(("Reader of", "A pool")) for summary in summaries)
