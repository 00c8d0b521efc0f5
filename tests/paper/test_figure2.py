import json

import pytest

from croze.paper.figure2 import Found, OwnRun, chart, cost_panels, table_of

RUN = OwnRun(
    "table3",
    "cifar10",
    "cpu",
    40,
    (Found("croze-official", 70.0, 0.15, 0.02, 3), Found("synflow", 12.0, 0.2, None, 1)),
    ("AdvRush",),
)


def test_printed_points_are_the_tables(shared_data):
    tables = json.loads((shared_data.parent / "published_tables.json").read_text())
    three, four = tables["table3"], tables["table4"]
    half = three["cifar10"] if "cifar10" in three else three["rows"]["cifar10"]
    rows = half.get("rows", half)
    columns = three.get("columns") or half["columns"]
    ((left, right),) = cost_panels()
    assert len(left.points) == len(right.points) == 7
    for hrs, average in zip(left.points, right.points, strict=True):
        row = dict(zip(columns, rows[hrs.name], strict=True))
        assert (hrs.seconds, hrs.value, hrs.deviation) == (row["search_gpu_s"], row["hrs"], row["hrs_std"])
        attacks = dict(zip(four["columns"], four["rows"][average.name], strict=True))
        five = [attacks[name] for name in ("pgd", "cw", "spsa", "lgv", "autoattack")]
        assert average.value == pytest.approx(sum(five) / 5, abs=0.011)
        assert (average.name, average.seconds, average.deviation) == (hrs.name, hrs.seconds, None)


def test_ours_stand_apart_in_seconds_of_this_machine():
    (printed, ours) = cost_panels(RUN)
    assert {panel.cost for panel in printed} == {"GPU seconds of one RTX 3090"}
    left, right = ours
    assert (left.cost, left.own) == ("CPU seconds of this machine", True)
    assert [(p.name, p.seconds, p.deviation) for p in left.points] == [
        ("croze-official", 70.0, 2.0),
        ("synflow", 12.0, None),
    ]
    assert [p.value for p in left.points] == pytest.approx([15.0, 20.0])
    assert [p.group for p in left.points] == ["CRoZe", "other training-free"]
    assert right.points == ()
    assert left.title == "ours, cifar10, 40 candidates a search, n = 1 to 3"
    sheet = table_of([printed, ours])
    assert [row[1] for row in sheet.rows] == ["printed"] * 14 + ["ours"] * 2
    assert [row[sheet.head.index("n")] for row in sheet.rows] == [""] * 14 + ["3", "1"]


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_files(kind, tmp_path):
    path = tmp_path / f"figure.{kind}"
    chart(cost_panels(RUN)).save(path)
    start = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[kind]
    assert path.read_bytes().startswith(start)


def test_the_projects_own_are_not_the_papers():
    found = (Found("croze-robust", 70.0, 0.15, None, 1), Found("croze-positional(beta=1)", 9.0, 0.2, None, 1))
    run = OwnRun("table3", "cifar10", "cpu", 40, (*found, Found("croze-official", 9.0, 0.2, None, 1)), ())
    (panel, _) = cost_panels(run)[1]
    assert [point.group for point in panel.points] == ["this project's own"] * 2 + ["CRoZe"]


def test_a_point_that_is_not_as_printed_is_named():
    note = table_of(cost_panels()).note
    assert note == "GradNorm of Table 4 is printed as 51.61; its row gives 51.80, which is used here."
