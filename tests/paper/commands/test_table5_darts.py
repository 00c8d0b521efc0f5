COMMAND = (
    "reproduce", "table5-darts", "--sample", 3, "--layers", 3, "--channels", 4, "--epochs", 1,
    "--set", "batch_size=32", "--images", 100, "--test-images", 20, "--form", "croze-paper", "--workers", 1,
    "--out", "t",
)  # fmt: skip


def test_whom_the_sets_choose_is_trained(croze, tmp_path):
    done = croze(*COMMAND, "--page", "page.md", "--json", "-")
    assert done.code == 0, done.err
    rows = done.json["rows"]
    assert [row["components"] for row in rows] == ["F", "F+P", "F+G", "P+G", "F+P+G"]
    for row in rows:
        figures = row["values"]
        assert figures["avg"] == sum(figures[name] for name in ("clean", "cc", "fgsm", "hrs")) / 4
    same = {row["best"]["architecture"]: row["values"] for row in rows}
    assert all(same[row["best"]["architecture"]] == row["values"] for row in rows)
    page = (tmp_path / "page.md").read_text()
    assert "| F+P+G |" in page
    assert "56.91" not in page  # digits are not what the paper's figures are of
    assert croze(*COMMAND, "--json", "-").json["rows"] == rows


def test_mistakes_end_as_one_sentence(refused):
    assert "forms of CRoZe" in refused(*COMMAND, "--form", "params")
    assert "Unknown recipe" in refused(*COMMAND, "--recipe", "x")
