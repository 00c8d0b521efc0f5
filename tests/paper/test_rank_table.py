import json
import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from croze.paper.printed import printed, printed_tables
from croze.paper.rank_table import COUNTERPARTS, rank_table
from croze.paper.tables_1_2 import columns_of_table1, layout_of_table2
from croze.proxies import parse_proxies, parts_of
from croze.ranking.columns import CONVENTIONS
from croze.ranking.ranking import CONTROL, GIVEN_SIZE
from croze.ranking.scored import Scored
from croze.spaces.nasbench201 import NASBench201
from croze.spaces.nasbench201.cell import every_cell
from croze.truth import Provenance, Truth, halves, open_truth, select

CELLS = tuple(map(str, every_cell()[3000:14990:149]))
KINDS = [kind for kinds in CONVENTIONS["paper"].values() for kind in kinds]
NAMES = ("clean", "fgsm@8", "fgsm@4", "pgd@8", *(f"{kind}@{s}" for kind in KINDS for s in range(1, 6)))


def truth_of(name="robust-nb201", names=NAMES):
    """81 strings, every third one the twin of the one before."""
    rng = np.random.default_rng(5)
    twin = np.array([i - 1 if i % 3 == 2 else i for i in range(len(CELLS))])
    columns = {column: rng.random(len(CELLS))[twin] for column in names}
    return Truth(name, "cifar10", CELLS, twin, columns, Provenance("memory", {}))


def scored_of(criteria, failing=(), control=True):
    """Random scores; `failing` maps a proxy to the cells on which it fails."""
    rng = np.random.default_rng(8)
    wanted = parts_of([*criteria, CONTROL] if control else criteria)
    values = {proxy.spec: rng.normal(size=len(CELLS)) for proxy in wanted}
    reasons = {spec: {} for spec in values}
    for spec, cells in dict(failing).items():
        values[spec][cells] = math.nan
        reasons[spec] = {CELLS[i]: "no gradient" for i in cells}
    return Scored(CELLS, values, reasons)


def table_of(criteria, positions=None, truth=None, **more):
    truth = truth_of() if truth is None else truth
    positions = np.arange(len(truth)) if positions is None else positions
    scored = more.pop("scored", None) or scored_of(criteria)
    settings = {"resamples": 15} | more
    return rank_table(truth, layout_of_table2(truth), positions, scored, criteria, **settings), scored


def test_views_are_strings_and_classes_on_both_halves():
    truth, seen = truth_of(), []
    found, scored = table_of(
        parse_proxies("params,naswot"), truth=truth, watch=lambda *told: seen.append(told)
    )
    sides = halves(truth)
    expected = {
        (cells, half): [
            i
            for i in range(len(CELLS))
            if (cells == "all" or truth.representative[i] == i)
            and (half == "both" or sides[i] == {"choose": 0, "report": 1}[half])
        ]
        for cells in ("all", "distinct")
        for half in ("both", "report", "choose")
    }
    assert [(view.kind, view.half) for view in found.views] == list(expected)
    assert seen == [("tables", done, 6) for done in range(1, 7)]
    for view in found.views:
        positions = expected[view.kind, view.half]
        assert found.ranking.cells[view.cells].chosen == len(positions) >= 10
        for spec in ("params", "naswot"):
            by_column = {"clean": ["clean"], "fgsm8": ["fgsm@8"], "fgsm4": ["fgsm@4"]}
            by_column |= {
                group: [f"{kind}@{s}" for kind in kinds for s in range(1, 6)]
                for group, kinds in CONVENTIONS["paper"].items()
            }
            rhos = {
                name: np.mean(
                    [spearmanr(scored.values[spec][positions], truth.values(c)[positions])[0] for c in raw]
                )
                for name, raw in by_column.items()
            }
            for name, rho in rhos.items():
                assert found.ranking.at(spec, name, view.cells).value == pytest.approx(rho, abs=1e-12)
            mean = found.ranking.at(spec, "mean", view.cells)
            assert mean.value == pytest.approx(np.mean(list(rhos.values())), abs=1e-12)
            assert mean.low <= mean.high


def test_a_draw_without_twins_has_one_kind_of_cells():
    truth = truth_of()
    positions = select(truth, 20, 3, "distinct")
    found, _ = table_of(parse_proxies("params"), positions, truth)
    assert [view.kind for view in found.views] == ["distinct"] * 3
    assert {row.cells for row in found.beside_paper()} == {"distinct"}


def test_distinct_cells_of_a_draw_begin_the_draw_of_distinct_cells():
    truth = truth_of()
    drawn = select(truth, 40, 1)
    among = drawn[truth.representative[drawn] == drawn]
    np.testing.assert_array_equal(among, select(truth, len(among), 1, "distinct"))


def test_beside_the_paper_each_stands_on_its_own_cells():
    criteria = parse_proxies("grasp,params,croze-paper,croze-official,jacob-cov")
    lost = [0, 1, 2, 30, 50]
    scored = scored_of(criteria, {"grasp": lost})
    truth = truth_of()
    found, _ = table_of(criteria, truth=truth, scored=scored)
    rows = [row for row in found.beside_paper() if row.cells == "all"]
    assert [(row.row, row.criterion) for row in rows] == [
        ("#Params", "params"),
        ("GraSP", "grasp"),
        ("CRoZe", "croze-official"),
        ("CRoZe", "croze-paper"),
    ]
    params, grasp, official, paper = rows
    assert [row.n for row in rows] == [len(CELLS), len(CELLS) - 5, len(CELLS), len(CELLS)]
    kept = np.setdiff1d(np.arange(len(CELLS)), lost)
    for row, positions in ((params, np.arange(len(CELLS))), (grasp, kept)):
        clean = spearmanr(scored.values[row.criterion][positions], truth.values("clean")[positions])[0]
        assert row.values["clean"].ours == pytest.approx(clean, abs=1e-12)
    # a slip: the difference is to what the row gives
    average = params.values["avg"]
    assert (average.printed, average.meant) == (0.502, 0.538)
    assert average.difference == average.ours - 0.538
    ours = [params.values[name].ours for name in found.layout.columns]
    assert average.ours == pytest.approx(np.mean(ours), abs=1e-12)
    # the equations as written and the released code stand beside one row, never mixed
    assert official.values["clean"].printed == paper.values["clean"].printed == 0.823
    assert official.values["clean"].ours != paper.values["clean"].ours


def test_who_fails_often_on_the_draw_stands_alone_in_every_view():
    truth = truth_of()
    report = np.flatnonzero(halves(truth) == 1)
    few, many = list(report[:4]), list(report[:12])
    criteria = parse_proxies("grasp,snip,params")
    found, _ = table_of(criteria, truth=truth, scored=scored_of(criteria, {"grasp": few, "snip": many}))
    report = found.ranking.cells[found.views[1].cells]
    assert 0.05 * report.chosen < 4  # often in the half, but not in the draw
    for view in found.views:
        assert set(found.ranking.cells[view.cells].common) == {"grasp", "params"}
    assert report.n == report.chosen - 4


def test_what_the_print_has_lost_has_no_difference():
    found, _ = table_of(parse_proxies("naswot"))
    values = found.beside_paper()[0].values
    assert values["clean"].difference == values["clean"].ours - 0.687
    assert values["fgsm4"].printed is None
    assert math.isnan(values["fgsm4"].difference)
    assert values["fgsm4"].to_json()["difference"] is None


def test_empty_columns_are_never_filled():
    truth = truth_of("nas-robbench201", ("clean", "fgsm@8", "pgd@8", "autoattack"))
    known, layout = columns_of_table1(truth)
    criteria = parse_proxies("synflow")
    found = rank_table(known, layout, np.arange(len(CELLS)), scored_of(criteria), criteria, resamples=5)
    assert not found.complete
    row = found.beside_paper()[0]
    print_ = printed("table1")
    for name in ("cw", "deepfool", "spsa", "lgv"):
        assert math.isnan(row.values[name].ours)
        assert row.values[name].printed == print_.value("SynFlow", name)
        assert math.isnan(row.values[name].difference)
    here = ("clean", "fgsm", "pgd", "hrs_fgsm", "hrs_pgd", "autoattack")
    average = row.values["avg"]
    assert average.ours == pytest.approx(np.mean([row.values[name].ours for name in here]), abs=1e-12)
    expected = np.mean([print_.value("SynFlow", name) for name in here])
    assert average.printed == average.meant == pytest.approx(expected, abs=1e-12)
    assert average.printed != print_.value("SynFlow", "avg")
    hrs = 2 / (1 / truth.values("clean") + 1 / truth.values("pgd@8"))
    scores = scored_of(criteria).values["synflow"]
    assert row.values["hrs_pgd"].ours == pytest.approx(spearmanr(scores, hrs)[0], abs=1e-12)
    assert set(found.to_json()["empty_columns"]) == {"cw", "deepfool", "spsa", "lgv"}


def test_a_partial_mean_of_a_row_with_lost_figures_is_lost():
    truth = truth_of(names=("clean", "fgsm@4"))
    found, _ = table_of(parse_proxies("naswot"), truth=truth)
    average = found.beside_paper()[0].values["avg"]
    assert average.printed is None
    assert average.ours == pytest.approx(
        (found.beside_paper()[0].values["clean"].ours + found.beside_paper()[0].values["fgsm4"].ours) / 2
    )


def test_partial_rhos_need_the_count():
    criteria = parse_proxies("params,croze-robust")
    without, _ = table_of(criteria, scored=scored_of(criteria, control=False))
    assert not without.given_size
    assert math.isnan(without.ranking.at("params", "mean", "all cells", GIVEN_SIZE).value)
    found, _ = table_of(criteria)
    assert found.given_size
    assert not math.isnan(found.ranking.at("params", "mean", "all cells", GIVEN_SIZE).value)
    assert (without.own, found.own) == (("croze-robust",),) * 2


def test_the_order_is_that_of_the_report_half():
    found, _ = table_of(parse_proxies("params,naswot,snip,grasp"))
    assert found.views[1].half == "report"
    averages = [found.ranking.at(spec, "mean", found.views[1].cells).value for spec in found.criteria]
    assert averages == sorted(averages, reverse=True)


def test_too_few_cells_are_said():
    criteria = parse_proxies("grasp")
    scored = scored_of(criteria, {"grasp": list(range(len(CELLS)))})
    found, _ = table_of(criteria, scored=scored)
    assert found.shortfall == (
        f"A table needs at least 3 cells on which some proxy succeeded, got 0 of {len(CELLS)}: "
        f"grasp failed on {len(CELLS)}."
    )
    few, _ = table_of(parse_proxies("params"), np.arange(2))
    assert few.shortfall.endswith("got 2 of 2: take a larger sample.")
    assert table_of(parse_proxies("params"))[0].shortfall == ""


def test_the_result_is_ready_for_json():
    found, _ = table_of(parse_proxies("croze-robust,naswot,params"))
    result = found.to_json()
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert list(result["cells"])[:2] == ["all cells", "all cells, report half"]
    assert {"params", "naswot", "croze-robust"} == set(result["ranking"]["proxy"])
    assert [row["row"] for row in result["beside_paper"]] == ["#Params", "#Params", "NASWOT", "NASWOT"]


def test_counterparts_are_the_rows_of_the_print():
    for name, table in printed_tables().items():
        if name.startswith(("table1", "table2")):
            assert set(table.rows) == set(COUNTERPARTS)
    specs = [spec for specs in COUNTERPARTS.values() for spec in specs]
    assert [criterion.spec for criterion in parse_proxies(",".join(specs))] == specs


def parameters(architecture):
    """Of the network with 16 channels and five cells a stage, from one count and a sum over the edges."""
    total = 73_306  # of the network without any convolution in its cells
    for width in (16, 32, 64):
        total += 5 * architecture.count("nor_conv_3x3") * (9 * width**2 + 2 * width)
        total += 5 * architecture.count("nor_conv_1x1") * (width**2 + 2 * width)
    return total


def test_the_printed_row_of_the_number_of_parameters(shared_data):
    truth = open_truth(f"robust-nb201:{shared_data / 'robust_nb201'}", "cifar10")
    space = NASBench201()
    for architecture in (*truth.architectures[::4000], truth.architectures[1462]):
        network = space.build(space.parse(architecture), classes=10, seed=0)
        assert parameters(architecture) == sum(p.numel() for p in network.parameters())
    sizes = np.array([parameters(a) for a in truth.architectures], dtype=float)
    scored = Scored(truth.architectures, {"params": sizes}, {"params": {}})
    criteria = parse_proxies("params")
    found = rank_table(truth, layout_of_table2(truth), select(truth), scored, criteria, resamples=2)
    strings, classes = found.beside_paper()
    assert (strings.n, classes.n) == (15625, 6466)
    table = printed("table2/cifar10")
    for name, one in strings.values.items():
        assert round(one.ours, 3) == one.meant == table.meant("#Params", name)
    first = [round(classes.values[name].ours, 3) for name in ("clean", "fgsm8", "fgsm4")]
    assert first == [0.782, 0.8, 0.795]
