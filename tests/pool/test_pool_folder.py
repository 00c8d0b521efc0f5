import dataclasses
import json

import pytest

from croze.errors import CrozeError
from croze.pool import Design, MemberResult, Pool, folder_of_member, read_design, read_result
from croze.runs import load_run
from croze.truth import open_truth

DESIGN = Design(
    "nasbench201",
    (("channels", 4),),
    ("a", "b"),
    {"method": "standard", "epochs": 3},
    0,
    "x",
    "y",
    100,
    "digits",
)


def finish(folder, number, **columns):
    place = folder_of_member(folder, number)
    place.mkdir(parents=True)
    MemberResult(DESIGN.architectures[number], columns, dict.fromkeys(columns, 10)).write(place)


def test_a_design_comes_back_and_grows(tmp_path):
    DESIGN.write(tmp_path)
    assert read_design(tmp_path) == DESIGN
    DESIGN.write(tmp_path)
    longer = dataclasses.replace(DESIGN, architectures=("a", "b", "c"))
    longer.write(tmp_path)
    assert read_design(tmp_path).architectures == ("a", "b", "c")
    DESIGN.write(tmp_path)  # fewer of the same pool leave it as it is
    assert read_design(tmp_path).architectures == ("a", "b", "c")
    dataclasses.replace(DESIGN, architectures=("a",), data="elsewhere").write(tmp_path)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"seed": 1}, "differs in seed"),
        ({"recipe": {"method": "pgd", "epochs": 3}}, "differs in recipe"),
        ({"architectures": ("b", "a")}, "differs in architectures"),
        ({"images": "z", "tested": "z"}, "differs in images, tested"),
    ],
)
def test_another_pool_is_not_mixed_in(tmp_path, changes, says):
    DESIGN.write(tmp_path)
    with pytest.raises(CrozeError, match=says):
        dataclasses.replace(DESIGN, **changes).write(tmp_path)


def test_members_failures_and_what_is_not_done(tmp_path):
    DESIGN.write(tmp_path)
    with pytest.raises(CrozeError, match="No member"):
        Pool.load(tmp_path)
    finish(tmp_path, 1, clean=0.5)
    place = folder_of_member(tmp_path, 0)
    place.mkdir(parents=True)
    MemberResult("a", failed="it diverged").write(place)
    pool = Pool.load(tmp_path)
    assert [member.architecture for member in pool.members] == ["b"]
    assert pool.failures == {"a": "it diverged"}


def test_a_pool_is_a_truth(tmp_path):
    DESIGN.write(tmp_path)
    finish(tmp_path, 0, **{"clean": 0.5, "fgsm@8": 0.2, "fog@3": 0.4})
    finish(tmp_path, 1, **{"clean": 0.75, "fgsm@8": 0.1})
    truth = open_truth(f"pool:{tmp_path}", "cifar10")
    assert dict(truth.network) == {"channels": 4}
    assert truth.architectures == ("a", "b")
    assert truth.values("clean").tolist() == [0.5, 0.75]
    assert set(truth.columns) == {"clean", "fgsm@8"}  # what one of them lacks is no column
    assert set(truth.provenance.sha256) == {"pool.json", "cells/0000/result.json", "cells/0001/result.json"}


def test_all_failed_says_why(tmp_path):
    DESIGN.write(tmp_path)
    for number in range(2):
        place = folder_of_member(tmp_path, number)
        place.mkdir(parents=True)
        MemberResult(DESIGN.architectures[number], failed="it diverged").write(place)
    with pytest.raises(CrozeError, match=r"All 2 members .* failed, the first: it diverged"):
        Pool.load(tmp_path)


def test_columns_on_other_numbers_of_images_are_not_compared(tmp_path):
    DESIGN.write(tmp_path)
    finish(tmp_path, 0, clean=0.5)
    place = folder_of_member(tmp_path, 1)
    place.mkdir(parents=True)
    MemberResult("b", {"clean": 0.5}, {"clean": 7}).write(place)
    with pytest.raises(CrozeError, match="rests on 7 and 10 images"):
        open_truth(f"pool:{tmp_path}", "cifar10")


def test_folders_of_something_else_are_refused(tmp_path):
    (tmp_path / "a" / "cells" / "0000").mkdir(parents=True)
    with pytest.raises(CrozeError, match=r"no pool\.json"):
        DESIGN.write(tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "training.json").write_text("{}")
    with pytest.raises(CrozeError, match="folder of a training"):
        DESIGN.write(tmp_path / "b")


@pytest.mark.parametrize("content", ["", "{}", '{"version": 2}', "[]"])
def test_what_is_no_pool(tmp_path, content):
    (tmp_path / "pool.json").write_text(content)
    with pytest.raises(CrozeError, match=r"pool\.json"):
        read_design(tmp_path)
    with pytest.raises(CrozeError, match="does not exist"):
        read_design(tmp_path / "nowhere")


def test_another_version_is_named(tmp_path):
    DESIGN.write(tmp_path)
    content = json.loads((tmp_path / "pool.json").read_text())
    (tmp_path / "pool.json").write_text(json.dumps({**content, "version": 9}))
    with pytest.raises(CrozeError, match="version 9"):
        read_design(tmp_path)


def test_a_torn_result_says_what_to_do(tmp_path):
    (tmp_path / "result.json").write_text('{"architecture": "a", "col')
    with pytest.raises(CrozeError, match="makes it again"):
        read_result(tmp_path, "a")


def test_a_pool_is_a_run(tmp_path):
    DESIGN.write(tmp_path)
    finish(tmp_path, 0, **{"clean": 0.5, "fgsm@8": 0.2, "fog@3": 0.4})
    unfinished = load_run(tmp_path)
    assert (unfinished.status, unfinished.missing) == ("unfinished", 1)
    assert "1 are not done yet." in unfinished.page().notices
    finish(tmp_path, 1, **{"clean": 0.75, "fgsm@8": 0.1, "fog@3": 0.3})
    pool = load_run(tmp_path / "pool.json")
    assert pool == load_run(tmp_path)
    assert pool.status == "finished"
    assert pool.rows()[1] == {"architecture": "b", "clean": 0.75, "fgsm@8": 0.1, "fog@3": 0.3}
    assert [row[0] for row in pool.table().rows] == ["b", "a"]
    assert [row[0] for row in pool.table("fgsm@8", top=1).rows] == ["a"]
    page = pool.report(tmp_path / "page.html").read_text()
    assert [chart.name for chart in pool.page().charts] == ["pool-columns", "pool-robust"]
    assert "2 of 2 cells of nasbench201, standard training for 3 epochs" in page
