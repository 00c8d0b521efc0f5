import itertools
import json
import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from croze.errors import CrozeError
from croze.nn.count import flop_count, live_parameter_count, parameter_count
from croze.scoring.score import score_all
from croze.spaces import open_space
from croze.spaces.nasbench201 import Cell, NASBench201
from croze.spaces.nasbench201.cell import EDGES, EXAMPLE, OPERATIONS, every_cell, expression

SMALL = NASBench201(channels=4, cells=1)
ALL_3X3 = Cell(("nor_conv_3x3",) * 6)
DEAD = Cell(("none",) * 6)
cells = st.tuples(*[st.sampled_from(OPERATIONS)] * 6).map(Cell)


@given(cells)
def test_text_round_trip(cell):
    assert SMALL.parse(str(cell)) == cell
    assert str(cell).count("|") == 9


@given(st.text(alphabet="|~+012nor_cv3x1skipavgpl", max_size=60))
def test_any_other_text_is_refused(text):
    try:
        cell = SMALL.parse(text)
    except CrozeError as problem:
        assert "NAS-Bench-201" in str(problem)  # noqa: PT017 - both outcomes are checked
    else:
        assert str(cell) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "|none~0|",
        str(ALL_3X3).replace("~2", "~1"),
        str(ALL_3X3) + "+|none~0|",
        str(ALL_3X3).replace("nor_conv_3x3~2", "conv~2"),
        str(ALL_3X3)[1:],
    ],
)
def test_malformed_cells(text):
    with pytest.raises(CrozeError, match=r"NAS-Bench-201"):
        SMALL.parse(text)


def test_six_numbers_are_a_cell_as_the_published_tables_mean_it(shared_data):
    path = shared_data / "nas_bench_201" / "published_proxy_scores.csv"
    for line in path.read_text().splitlines()[1:9000:350]:
        numbers, rest = line[1:].split('",', 1)
        assert str(SMALL.parse(numbers)) == rest.split(",", 1)[0]
        assert SMALL.parse(f" [{numbers[1:-1]}]") == SMALL.parse(numbers)
    with pytest.raises(CrozeError, match=r"from 0 to 4"):
        SMALL.parse("(0, 1, 2, 3, 4, 5)")
    with pytest.raises(CrozeError, match="is not a NAS-Bench-201 cell"):
        SMALL.parse("(0, 1, 2, 3, 4)")


@given(cells, st.integers(0, 2**32))
def test_a_move_changes_one_edge(cell, seed):
    child = SMALL.mutate(cell, random.Random(seed))
    assert sum(a != b for a, b in zip(cell.operations, child.operations, strict=True)) == 1
    assert len(SMALL.neighbours(cell)) == 24


def test_samples_are_uniform_over_operations():
    rng = random.Random(3)
    drawn = [SMALL.sample(rng) for _ in range(5000)]
    for edge, operation in itertools.product(range(6), OPERATIONS):
        share = sum(c.operations[edge] == operation for c in drawn) / len(drawn)
        assert abs(share - 0.2) < 0.03


def test_classes_agree_with_the_benchmark(shared_data):
    ids = json.loads((shared_data / "robust_nb201" / "meta.json").read_text())["ids"]
    ours: dict[Cell, set[str]] = {}
    for entry in ids.values():
        ours.setdefault(SMALL.canonical(SMALL.parse(entry["nb201-string"])), set()).add(entry["isomorph"])
    assert len(ids) == 15625
    assert len(ours) == 6466
    assert all(len(classes) == 1 for classes in ours.values())
    assert len(set.union(*ours.values())) == 6466


def test_canonical_is_the_smallest_string_of_its_class():
    members: dict[str, list[str]] = {}
    for cell in every_cell():
        members.setdefault(expression(cell), []).append(str(cell))
    assert len(members) == 6466
    for strings in itertools.islice(members.values(), 300):
        smallest = min(strings)
        assert {str(SMALL.canonical(SMALL.parse(s))) for s in strings} == {smallest}


def test_isomorphic_networks_compute_the_same():
    # a skip into node 3 by way of node 1 is the edge 0 -> 3 itself
    direct = SMALL.parse("|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|")
    detour = SMALL.parse("|none~0|+|skip_connect~0|none~1|+|none~0|none~1|nor_conv_3x3~2|")
    assert SMALL.canonical(direct) != SMALL.canonical(ALL_3X3)
    a, b = (SMALL.build(c, classes=10, seed=0) for c in (direct, detour))
    b.load_state_dict({k.replace("0to3", "2to3"): v for k, v in a.state_dict().items()})
    x = torch.rand(2, 3, 32, 32)
    assert torch.equal(a(x), b(x))


@pytest.mark.parametrize("classes", [10, 100, 120])
def test_parameters_and_multiply_adds_of_the_full_network(classes):
    # counted by hand: 15 cells of six 3x3 convolutions, two reductions, stem, head, classifier
    space = NASBench201()
    by_width = {16: 32, 32: 16, 64: 8}
    edge = {c: (9 * c * c + 2 * c) for c in by_width}
    reductions = sum(2 * c * c + 9 * 2 * c * c + 4 * c + 9 * 4 * c * c + 4 * c for c in (16, 32))
    params = 27 * 16 + 32 + sum(5 * 6 * edge[c] for c in by_width) + reductions + 128 + 64 * classes + classes
    flops = (
        27 * 16 * 32 * 32
        + sum(5 * 6 * 9 * c * c * side * side for c, side in by_width.items())
        + sum((2 * c * c + 18 * c * c + 36 * c * c) * (by_width[c] // 2) ** 2 for c in (16, 32))
        + 64 * classes
    )
    network = space.build(ALL_3X3, classes=classes, seed=0)
    assert parameter_count(network) == params
    assert flop_count(network, (3, 32, 32)) == flops
    with torch.device("meta"):
        assert flop_count(space.build(ALL_3X3, classes=classes, seed=0), (3, 32, 32)) == flops


def test_parameters_agree_with_published_counts(shared_data):
    lines = (shared_data / "nas_bench_201" / "published_proxy_scores.csv").read_text().splitlines()
    names = lines[0].split(",")
    for line in lines[1:2000:97]:
        # the first field is a quoted tuple that holds commas itself
        fields = dict(zip(names[1:], line.split('",', 1)[1].split(","), strict=True))
        with torch.device("meta"):
            network = NASBench201().build(SMALL.parse(fields["net_str"]), classes=10, seed=0)
        assert parameter_count(network) == round(float(fields["params"]) * 1e6)


def test_a_disconnected_cell_builds_runs_and_scores(digits):
    for flavour in SMALL.flavours:
        network = SMALL.build(DEAD, classes=10, seed=0, flavour=flavour)
        assert torch.isfinite(network(digits.normalised())).all()
    network = SMALL.build(DEAD, classes=10, seed=0)
    scores = score_all(
        network, digits, "croze-paper,croze-official,croze-positional,params,live-params,flops"
    )
    assert all(score.ok for score in scores)
    assert [score.value for score in scores[:3]] == [0.0, 0.0, 0.0]


def test_live_parameters_leave_out_what_leads_nowhere(digits):
    dead_branch = SMALL.parse("|skip_connect~0|+|none~0|nor_conv_1x1~1|+|nor_conv_3x3~0|none~1|none~2|")
    without = SMALL.parse("|skip_connect~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|")
    a, b = (SMALL.build(c, classes=10, seed=0) for c in (dead_branch, without))
    assert parameter_count(a) > parameter_count(b)
    assert live_parameter_count(a, digits.normalised()) == live_parameter_count(b, digits.normalised())
    assert live_parameter_count(b, digits.normalised()) == parameter_count(b)


def test_the_released_flavour_differs_where_it_should():
    network = NASBench201(4, 2).build(ALL_3X3, classes=10, seed=0, flavour="released")
    named = dict(network.named_parameters())
    assert "stage1.0.edges.0to1.1.bias" in named
    assert "stage1.0.edges.0to1.2.weight" not in named
    assert "reduction1.conv_a.2.weight" in named
    stages = network.stages()
    cells_entered = [stages.of_layer[f"stage{s}.{i}.edges.0to1.1"] for s in (1, 2, 3) for i in (0, 1)]
    assert cells_entered == [0, 1, 1, 2, 2, 3]
    assert stages.of_layer["stem.0"] == 0
    assert stages.of_layer["classifier"] == 4
    assert all(name in dict(network.named_modules()) for name in (*stages.outputs, *stages.of_layer))


def test_unknown_names_are_listed():
    with pytest.raises(CrozeError, match="nasbench201"):
        open_space("nasbench2001")
    with pytest.raises(CrozeError, match="benchmark, released"):
        SMALL.build(ALL_3X3, classes=10, seed=0, flavour="paper")
    with pytest.raises(CrozeError, match="at least 1 of channels"):
        NASBench201(channels=0)
    with pytest.raises(CrozeError, match="nor_conv_3x3"):
        Cell(("conv",) * 6)
    with pytest.raises(CrozeError, match="6 operations"):
        Cell(OPERATIONS)
    assert len(EDGES) == 6


PASTED = [
    "['|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|skip_connect~2|']",
    "'|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|skip_connect~2|'",
    "((('nor_conv_3x3', 0),), (('none', 0), ('skip_connect', 1)),"
    " (('avg_pool_3x3', 0), ('nor_conv_1x1', 1), ('skip_connect', 2)))",
    "[[('nor_conv_3x3', 0, 0.31)], [('none', 0, .2), ('skip_connect', 1, .3)],"
    " [('avg_pool_3x3', 0, .1), ('nor_conv_1x1', 1, .1), ('skip_connect', 2, .1)]]",
    "{'1<-0': 'nor_conv_3x3', '2<-0': 'none', '2<-1': 'skip_connect', '3<-0': 'avg_pool_3x3',"
    " '3<-1': 'nor_conv_1x1', '3<-2': 'skip_connect'}",
    "{(1, 2): 'nor_conv_3x3', (1, 3): 'none', (2, 3): 'skip_connect', (1, 4): 'avg_pool_3x3',"
    " (2, 4): 'nor_conv_1x1', (3, 4): 'skip_connect'}",
    "arch = (2, 1, 4, 0, 3, 0)",
]


@pytest.mark.parametrize("text", PASTED)
def test_notations_that_users_paste_are_read(text):
    assert str(SMALL.parse(text)) == EXAMPLE


@pytest.mark.parametrize(
    "text",
    [
        "[]", "{}", "[['none', 0]]", "{'1<-0': 'none'}", "{'1<-0': 'none', '0->1': 'none'}", "[1.5] * 6",
        "(0, 0, 0, 0, 0, True)", "{(0, 1): 'none', (0, 9): 'none'}", "(" * 5000, "[" * 300 + "]" * 300,
        "[[('none', 0)], [('none', 0), ('none', 0)], [('none', 0), ('none', 1), ('none', 2)]]",
    ],
)  # fmt: skip
def test_what_is_no_cell_is_refused_in_a_sentence(text):
    with pytest.raises(CrozeError, match="NAS-Bench-201"):
        SMALL.parse(text)
