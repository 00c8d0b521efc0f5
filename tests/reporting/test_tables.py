import pytest
from rich.console import Console

from croze.cli.output import console
from croze.provenance import provenance
from croze.scoring.table import format_value, layer_table, score_table
from croze.types import LayerScore, Score


def cells(table):
    return [list(row) for row in zip(*(column.cells for column in table.columns), strict=True)]


def test_the_score_table_says_what_failed_and_why():
    scores = [
        Score("params", 1234567.0, seconds=0.5),
        Score("croze-paper", 0.123456789, notes=("one", "two")),
        Score("flops", None, reason="ValueError: expected [4, 3]", notes=("remark",)),
    ]
    table = score_table(scores, "title")
    assert cells(table) == [
        ["params", "1,234,567", "0.500", ""],
        ["croze-paper", "0.123457", "0.000", "one; two"],
        ["flops", "failed", "0.000", "ValueError: expected [4, 3]; remark"],
    ]


def test_a_layer_has_a_row_and_a_term_a_column():
    score = Score(
        "croze-paper",
        1.0,
        layers=(
            LayerScore("stem", {"features": 0.5}),
            LayerScore("head", {"features": 0.25, "gradients": 1e-9}),
        ),
    )
    table = layer_table(score)
    assert [str(c.header) for c in table.columns] == ["layer", "features", "gradients"]
    assert cells(table) == [["stem", "0.5", ""], ["head", "0.25", "1e-09"]]
    assert cells(layer_table(Score("params", 1.0))) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (73306.0, "73,306"),
        (-2.0, "-2"),
        (1e15, "1e+15"),
        (0.1, "0.1"),
        (83.79537689, "83.7954"),
        (1e-12, "1e-12"),
    ],
)
def test_values_are_written_as_people_read_them(value, text):
    assert format_value(value) == text


def test_text_in_brackets_reaches_the_reader(capsys):
    score = Score("params", None, reason="[/red] is not [bold]here[/bold] [x]")
    out = console(None)
    assert isinstance(out, Console)
    out.print(score_table([score], "folder:/data/[a] and [/b]"))
    out.print(layer_table(Score("p", 1.0, layers=(LayerScore("[head]", {"[x]": 1.0}),))))
    printed = capsys.readouterr().out
    for part in ("[/red] is not [bold]here[/bold] [x]", "folder:/data/[a] and [/b]", "[head]", "[x]"):
        assert part in printed


def test_tables_make_way_for_json(capsys):
    console("-").print("table")
    console("file.json").print("other")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("other\n", "table\n")


def test_provenance_names_versions_and_command(monkeypatch):
    monkeypatch.setattr("sys.argv", ["/somewhere/croze", "score", "--arch", "|a b|"])
    found = provenance()
    assert found["command"] == "croze score --arch '|a b|'"
    assert set(found["versions"]) == {"croze", "torch", "numpy", "python"}
    assert found["made"].endswith("+00:00")
