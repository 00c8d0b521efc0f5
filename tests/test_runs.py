"""Runs come back from their folders, whatever their kind, and are shown on one page."""

import shutil
from pathlib import Path

import pytest

import croze
from croze.errors import CrozeError
from croze.runs import runs_in

FOUND = Path(__file__).resolve().parent / "reporting" / "found"
KINDS = {"search": croze.SearchRun, "benchmark": croze.BenchmarkRun, "training": croze.TrainingRun}
FILES = {"search": "search.json", "benchmark": "benchmark.json", "training": "training.json"}


@pytest.mark.parametrize("name", KINDS)
def test_a_folder_and_its_file_give_the_same_run(name):
    run = croze.load_run(FOUND / name)
    assert type(run) is KINDS[name]
    assert run.folder == FOUND / name
    assert run.status == "finished"
    again = croze.load_run(FOUND / name / FILES[name])
    assert (type(again), again.folder, again.table()) == (type(run), run.folder, run.table())


def test_a_training_comes_with_its_evaluations():
    training, evaluation = runs_in(FOUND / "training")
    assert (training.kind, evaluation.kind) == ("training", "evaluation")
    assert croze.load_run(FOUND / "training" / "evaluation").table() == evaluation.table()


@pytest.mark.parametrize("name", ["search", "pareto", "unfinished", "benchmark", "training"])
def test_every_run_has_a_table_a_frame_a_page_and_a_picture(name):
    for run in runs_in(FOUND / name):
        assert run.table().rows
        assert len(run.to_frame()) == len(run.rows()) > 0
        assert run.page().charts
        assert repr(run).startswith(f"<{type(run).__name__} {run.folder}, {run.status}: ")
        assert len(repr(run)) < 400
        assert "<table>" in run._repr_html_()


def test_several_runs_make_one_page(tmp_path):
    run = croze.load_run(FOUND / "search")
    drawn = []
    page = croze.report(
        [run, FOUND / "training"], tmp_path / "all.html", lambda done, all_: drawn.append(done)
    )
    text = page.read_text(encoding="utf-8")
    for chart in ("search-progress", "training-accuracy", "evaluation-attacks"):
        assert f'data-chart="{chart}"' in text
    assert drawn == list(range(1, len(drawn) + 1))


def test_a_run_reports_into_its_folder(tmp_path):
    folder = Path(shutil.copytree(FOUND / "search", tmp_path / "run"))
    assert croze.load_run(folder).report() == folder / "report.html"
    assert croze.report(str(folder)) == folder / "report.html"


def test_what_is_no_run(tmp_path):
    with pytest.raises(CrozeError, match="does not exist: name the folder"):
        croze.load_run(tmp_path / "nowhere")
    with pytest.raises(CrozeError, match="holds no run: looked for"):
        croze.load_run(tmp_path)
    (tmp_path / "odd.json").write_text("{}")
    with pytest.raises(CrozeError, match="is no result of a search, benchmark"):
        croze.load_run(tmp_path / "odd.json")
    with pytest.raises(CrozeError, match="at least one run"):
        croze.report([])
    with pytest.raises(CrozeError, match=r"must end in \.html"):
        croze.report(FOUND / "search", tmp_path / "page.txt")
