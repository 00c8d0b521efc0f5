import pytest
from rich.console import Console

from croze.cli.output import console
from croze.errors import CrozeError
from croze.provenance import provenance
from croze.reporting.table import Table, frame
from croze.scoring.table import format_value, layer_table, score_table
from croze.types import LayerScore, Score


def test_the_score_table_says_what_failed_and_why():
    scores = [
        Score("params", 1234567.0, seconds=0.5),
        Score("croze-paper", 0.123456789, notes=("one", "two")),
        Score("flops", None, reason="ValueError: expected [4, 3]", notes=("remark",)),
    ]
    table = score_table(scores, "title")
    assert [list(row) for row in table.rows] == [
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
    assert table.head == ("layer", "features", "gradients")
    assert [list(row) for row in table.rows] == [["stem", "0.5", ""], ["head", "0.25", "1e-09"]]
    assert layer_table(Score("params", 1.0)).rows == ()


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


MIXED = Table(
    "Two networks",
    "A note.",
    ("network", "rho (95%)", "params", "accuracy", "remark"),
    (
        ("`a|b`", ".710 (.600 to .800)", "1,234", "91.5%", "fine"),
        ("c & d", "–", "−56", "", "its reason is longer than a line of this terminal can hold in one"),
    ),
)


def test_a_terminal_gets_lines_that_fit_it():
    lines = MIXED.terminal(60).split("\n")
    assert lines[0] == "Two networks"
    assert lines[-1] == "A note."
    assert max(map(len, lines)) <= 60
    text = "\n".join(lines)
    assert "a|b" in text
    assert "`" not in text
    assert any(line.split()[-2:] != ["(.600", "to"] and ".710" in line for line in lines)
    assert any("(.600 to" in line and ".710" not in line for line in lines), "the interval has its own line"
    ends = [line.rfind(word) + len(word) for line in lines for word in ("1,234", "−56") if word in line]
    assert len(set(ends)) == 1, "numbers end in the same column"
    wide = MIXED.terminal(200)
    assert "its reason is longer than a line of this terminal can hold in one" in wide


def test_a_console_prints_the_table_itself(capsys):
    console(None).print(MIXED)
    assert capsys.readouterr().out.split() == MIXED.terminal(160).split()


def test_markdown_and_html_keep_what_stands_in_the_cells():
    assert "| `a\\|b` | .710 (.600 to .800) | 1,234 | 91.5% | fine |" in MIXED.markdown()
    assert "<td>c &amp; d</td>" in MIXED.html()
    assert MIXED._repr_html_() == MIXED.html()


def test_a_frame_has_numbers_where_the_cells_show_numbers():
    pytest.importorskip("pandas")
    found = MIXED.to_frame()
    assert list(found.columns) == list(MIXED.head)
    assert found["params"].tolist() == [1234, -56]
    assert found["accuracy"].tolist()[0] == pytest.approx(0.915)
    assert found["accuracy"].isna().tolist() == [False, True]
    assert found["network"].tolist() == ["`a|b`", "c & d"]
    assert found["rho (95%)"].tolist()[0] == ".710 (.600 to .800)"
    empty = Table("", "", ("a", "b"), ()).to_frame()
    assert (list(empty.columns), len(empty)) == (["a", "b"], 0)
    twice = Table("", "", ("a", "a"), (("1", "x"),)).to_frame()
    assert twice.to_numpy().tolist() == [[1, "x"]]


def test_without_pandas_a_frame_is_refused_in_a_sentence(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    for make in (MIXED.to_frame, lambda: frame([{"a": 1}])):
        with pytest.raises(CrozeError, match=r"pip install 'croze\[frame\]'"):
            make()


def test_an_empty_table_is_a_table():
    empty = Table("None", "", ("a", "b"), ())
    assert empty.terminal().split("\n")[0] == "None"
    assert empty.markdown().endswith("| a | b |\n| --- | ---: |")
