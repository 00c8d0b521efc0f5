import json

import pytest

from croze.errors import CrozeError
from croze.paper.figure2 import chart, cost_panels, own_panel, table_of


def row(name, seconds, mean, deviation, n):
    value = {"mean": mean, "deviation": deviation, "n": n}
    return {"name": name, "values": {"hrs": value, "search_seconds": {"mean": seconds}}}


def content(*rows):
    return {
        "format": {"kind": "table3", "version": 1},
        "table": "table3",
        "dataset": "cifar10",
        "device": "cpu",
        "effort": {"candidates": 40},
        "rows": [*rows, {"name": "AdvRush", "values": {"hrs": {"mean": 0.5, "deviation": 0.1, "n": 3}}}],
    }


CONTENT = content(row("croze-official", 70.0, 0.15, 0.02, 3), row("synflow", 12.0, 0.2, None, 1))


@pytest.fixture
def written(tmp_path):
    def write(found=CONTENT):
        text = found if isinstance(found, str) else json.dumps(found)
        (tmp_path / "table3.json").write_text(text)
        return tmp_path

    return write


def test_printed_points_are_the_tables(shared_data):
    tables = json.loads((shared_data.parent / "published_tables.json").read_text())
    three, four = tables["table3"], tables["table4"]
    half = three["cifar10"] if "cifar10" in three else three["rows"]["cifar10"]
    rows = half.get("rows", half)
    columns = three.get("columns") or half["columns"]
    ((left, right),) = cost_panels({})
    assert len(left.points) == len(right.points) == 7
    for hrs, average in zip(left.points, right.points, strict=True):
        printed = dict(zip(columns, rows[hrs.name], strict=True))
        seconds = printed["search_gpu_s"]
        assert (hrs.seconds, hrs.value, hrs.deviation) == (seconds, printed["hrs"], printed["hrs_std"])
        attacks = dict(zip(four["columns"], four["rows"][average.name], strict=True))
        five = [attacks[name] for name in ("pgd", "cw", "spsa", "lgv", "autoattack")]
        assert average.value == pytest.approx(sum(five) / 5, abs=0.011)
        assert (average.name, average.seconds, average.deviation) == (hrs.name, hrs.seconds, None)


def test_ours_stand_apart_in_seconds_of_this_machine(written):
    (printed, ours) = cost_panels({"table3": written()})
    assert {panel.cost for panel in printed} == {"GPU seconds of one RTX 3090"}
    left, right = ours
    assert (left.cost, left.own) == ("CPU seconds of this machine", True)
    assert [(p.name, p.seconds, p.deviation) for p in left.points] == [
        ("croze-official", 70.0, 2.0),
        ("synflow", 12.0, None),
    ]
    assert [p.value for p in left.points] == pytest.approx([15.0, 20.0])
    assert [p.group for p in left.points] == ["CRoZe", "other training-free"]
    assert left.without == ("AdvRush",)
    assert right.points == ()
    assert left.title == "ours, cifar10, 40 candidates a search, n = 1 to 3"
    sheet = table_of([printed, ours])
    assert [row[1] for row in sheet.rows] == ["printed"] * 14 + ["ours"] * 2
    assert [row[sheet.head.index("n")] for row in sheet.rows] == [""] * 14 + ["3", "1"]


def test_every_point_is_named_beside_its_panel(written):
    rows = cost_panels({"table3": written()})
    made = chart(rows)
    figure = made.draw(made.wide)
    for axes, panel in zip(figure.axes, rows[0] + rows[1], strict=True):
        legend = axes.get_legend()
        names = [] if legend is None else [text.get_text() for text in legend.get_texts()]
        assert names == [point.name for point in panel.points]


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_files(kind, written, tmp_path):
    path = tmp_path / f"figure.{kind}"
    chart(cost_panels({"table3": written()})).save(path)
    start = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[kind]
    assert path.read_bytes().startswith(start)


def test_the_projects_own_are_not_the_papers(written):
    specs = ("croze-robust", "croze-positional(beta=1)", "croze-official")
    folder = written(content(*(row(spec, 9.0, 0.2, None, 1) for spec in specs)))
    panel = own_panel(folder, "table3", "hrs", "HRS")
    assert [point.group for point in panel.points] == ["this project's own"] * 2 + ["CRoZe"]


def test_a_point_that_is_not_as_printed_is_named():
    note = table_of(cost_panels({})).note
    assert note == "GradNorm of Table 4 is printed as 51.61; its row gives 51.80, which is used here."


def test_a_value_that_no_row_has(written):
    assert own_panel(written(), "table3", "avg", "").without == ("croze-official", "synflow", "AdvRush")


def test_no_run(tmp_path):
    with pytest.raises(
        CrozeError, match=r"table4\.json does not exist: name a folder of `croze reproduce table4`"
    ):
        cost_panels({"table4": tmp_path})


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "must hold a JSON object"),
        (CONTENT | {"format": {"kind": "table4", "version": 1}}, "must be a result of a table3"),
        (CONTENT | {"format": {"kind": "table3", "version": 0}}, "is of format 0"),
        (CONTENT | {"effort": {}}, "cannot be read"),
    ],
)
def test_what_is_no_run(found, message, written):
    with pytest.raises(CrozeError, match=message):
        cost_panels({"table3": written(found)})
