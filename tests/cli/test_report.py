"""`croze report`: a run as one HTML page."""

import json
import shutil
from pathlib import Path

import pytest

TINY = ("--channels", "4", "--cells", "1")
FOUND = Path(__file__).resolve().parents[1] / "reporting" / "found"


@pytest.fixture
def folder(tmp_path):
    """A search on file, where more may be written."""
    return Path(shutil.copytree(FOUND / "search", tmp_path / "run"))


def test_a_search_and_its_report(croze, tmp_path):
    outcome = croze("search", *TINY, "--proxy", "naswot", "--budget", 6, "--out", "run", "--workers", 1)
    assert outcome.code == 0, outcome
    shown = croze("report", "run")
    assert shown.code == 0, shown
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    best = json.loads((tmp_path / "run" / "best.json").read_text())
    assert best["best"]["architecture"].replace("|+|", "|+<wbr>|") in page
    assert best["settings"]["batch"] in page
    for chart in ("search-progress", "search-params", "search-flops", "cell-1"):
        assert f'data-chart="{chart}"' in page
    assert "run/report.html (4 charts" in shown.out


def test_the_page_needs_nothing_but_itself(croze, folder, tmp_path):
    assert croze("report", folder, "--to", tmp_path / "elsewhere" / "page.html").code == 0
    page = (tmp_path / "elsewhere" / "page.html").read_text(encoding="utf-8")
    loads = [word for word in ('src="', "url(http", "@import", 'rel="stylesheet"', "<iframe") if word in page]
    assert loads == []
    assert "default-src 'none'" in page
    assert len(page) < 2_000_000


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_charts_as_files(croze, folder, ending):
    outcome = croze("report", folder, "--figures", folder / "figures", "--format", ending)
    assert outcome.code == 0, outcome
    names = sorted(path.name for path in (folder / "figures").iterdir())
    assert names == sorted(
        f"{name}.{ending}" for name in ("search-progress", "cell-1", "search-params", "search-flops")
    )
    start = {"png": b"\x89PNG", "svg": b"<?xml"}[ending]
    assert all((folder / "figures" / name).read_bytes().startswith(start) for name in names)


def test_a_file_of_a_result_will_do(croze, folder):
    assert croze("report", folder / "search.json").code == 0
    assert (folder / "report.html").is_file()


def test_a_search_of_an_older_format_is_refused(refused, folder):
    (folder / "search.json").unlink()
    assert "holds a search of an older format: run the same search again there" in refused("report", folder)


def test_scores_of_an_unfinished_run_are_counted(croze, tmp_path):
    from croze.scoring.store import Store
    from croze.types import Score

    with Store(tmp_path / "run", {"space": "S", "seed": 3}) as store:
        store.add("a", [Score("naswot", 1.0, seconds=2.0)])
        store.add("b", [Score("naswot", None, "broken", seconds=1.0)])
    assert croze("report", "run").code == 0
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "has not finished" in page
    assert ">naswot</td><td>2</td><td>1</td><td>3.0</td>" in page.replace(' class="words"', "")


def test_an_unfinished_training_is_reported_as_far_as_it_got(croze, tmp_path):
    folder = Path(shutil.copytree(FOUND / "training", tmp_path / "run"))
    content = json.loads((folder / "training.json").read_text())
    content |= {"history": content["history"][:2], "best_epoch": None, "best": None}
    (folder / "training.json").write_text(json.dumps(content))
    assert croze("report", folder).code == 0
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "This training has not finished: 2 of 6 epochs" in page
    assert 'data-chart="training-accuracy"' in page
    assert 'data-chart="evaluation-attacks"' in page


def test_what_is_no_run_is_refused(refused, tmp_path):
    assert "nowhere does not exist: name the folder of a search" in refused("report", "nowhere")
    (tmp_path / "empty").mkdir()
    assert "empty holds no run: looked for search.json" in refused("report", "empty")
    (tmp_path / "odd.json").write_text('{"a": 1}')
    assert "odd.json is no result of a search, benchmark" in refused("report", "odd.json")
    (tmp_path / "list.json").write_text("[]")
    assert "must hold a JSON object, got a list" in refused("report", "list.json")
    (tmp_path / "broken.json").write_text("{")
    assert "run what wrote it again" in refused("report", "broken.json")
    (tmp_path / "half.json").write_text('{"format": {"kind": "benchmark", "version": 2}}')
    assert "half.json is no benchmark that can be read (Object missing" in refused("report", "half.json")
    (tmp_path / "search.json").write_text('{"format": {"kind": "search", "version": 2}, "settings": {}}')
    assert "is no search that can be read (Object missing" in refused("report", "search.json")


def test_a_search_of_another_version_is_refused(refused, folder):
    content = json.loads((folder / "search.json").read_text())
    (folder / "search.json").write_text(json.dumps({**content, "format": {"kind": "search", "version": 99}}))
    assert "is of format 99, this croze reads format 2" in refused("report", folder)


def test_a_damaged_ledger_is_refused(refused, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "scores.sqlite").write_bytes(b"no database" * 100)
    assert "scores.sqlite cannot be read (" in refused("report", "run")


def test_where_to_write_is_checked_before_anything_is_drawn(refused, folder, tmp_path):
    assert "its name must end in .html" in refused("report", folder, "--to", "page.txt")
    (tmp_path / "d.html").mkdir()
    assert "d.html: it is a folder" in refused("report", folder, "--to", "d.html")
    assert "--format takes png, svg, pdf, got 'gif'" in refused("report", folder, "--format", "gif")
    (tmp_path / "file").write_text("")
    assert "--figures takes a folder, file is a file" in refused("report", folder, "--figures", "file")
