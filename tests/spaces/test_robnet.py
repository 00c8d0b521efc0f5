import itertools
import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from croze.errors import CrozeError
from croze.nn.count import parameter_count
from croze.spaces.genotypes import find
from croze.spaces.robnet import Edges, RobNet
from croze.spaces.robnet.edges import CODES, WIRING, canonical_cell, parse

SMALL = RobNet(layers=3, channels=4)
FREE = RobNet(layers=3, channels=4, shared=False)
_, LARGE = find("RobNet-large")
cells = st.tuples(*[st.sampled_from(CODES)] * 14)
sparse_cells = st.tuples(*[st.sampled_from(("00", "00", "01"))] * 14)


@given(st.lists(cells, min_size=1, max_size=4).map(lambda c: Edges(tuple(c))))
def test_text_round_trip(architecture):
    assert parse(str(architecture)) == architecture
    assert parse(repr([list(codes) for codes in architecture.cells])) == architecture
    assert parse(repr(architecture.cells)) == architecture


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a RobNet"),
        ("11", "14 two-bit codes, got 1"),
        ("1-0", "is not a RobNet"),
        (str(LARGE)[:-1], "is not a RobNet"),
        (str(LARGE) + ",", "is not a RobNet"),
        (str(LARGE).replace("10", "12"), "is not a RobNet"),
        ("[]", "one cell for all layers or one a layer, got none"),
        ("[['11'], 1]", "is not a RobNet"),
        ("[11, 10]", "is not a RobNet"),
        ("[['1111']]", "14 two-bit codes, got 1"),
        (repr([["1"] * 14]), "Unknown RobNet code '1'"),
        ("(" * 3000, "is not a RobNet"),
        ("[" + "'11'," * 9000 + "]", "is not a RobNet"),
        (",".join([str(LARGE)] * 2), "A RobNet of 3 layers has 1 cell for all or 3, got 2"),
    ],
)
def test_malformed_cells_are_one_sentence(text, message):
    with pytest.raises(CrozeError, match=message) as raised:
        SMALL.parse(text)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400


def test_samples_are_shared_or_one_a_layer():
    rng = random.Random(0)
    drawn = [SMALL.sample(rng) for _ in range(4000)]
    assert all(len(a.cells) == 1 for a in drawn)
    assert all(len(FREE.sample(rng).cells) == 3 for _ in range(5))
    for edge, code in itertools.product((0, 13), CODES):
        assert abs(sum(a.cells[0][edge] == code for a in drawn) / len(drawn) - 0.25) < 0.03
    assert len(SMALL.neighbours(drawn[0])) == 14 * 3
    assert len(FREE.neighbours(FREE.sample(rng))) == 3 * 14 * 3


def orders_of(codes):
    """The codes of a cell under every order of its nodes that its edges allow."""
    code = dict(zip(WIRING, codes, strict=True))
    for order in itertools.permutations(range(2, 6)):
        place = {0: 0, 1: 1} | {node: i for i, node in enumerate(order, start=2)}
        if all(c == "00" or place[source] < place[node] for (source, node), c in code.items()):
            renamed = {(place[source], place[node]): c for (source, node), c in code.items()}
            yield place, tuple(renamed.get(edge, "00") for edge in WIRING)


@given(cells | sparse_cells)
def test_canonical_is_the_smallest_of_all_orders(codes):
    every = {renamed for _, renamed in orders_of(codes)}
    assert {canonical_cell(one) for one in every} == {min(every)}


@pytest.mark.parametrize("seed", range(5))
def test_isomorphic_networks_compute_the_same(seed):
    rng = random.Random(seed)
    codes = tuple(rng.choice(("00", "00", "01", "10", "11")) for _ in WIRING)
    place, renamed = rng.choice([*orders_of(codes)])
    one, other = Edges((codes,)), Edges((renamed,))
    assert SMALL.canonical(one) == SMALL.canonical(other)
    ours, theirs = (SMALL.build(a, classes=5, seed=1).double() for a in (one, other))
    index = {edge: i for i, edge in enumerate(WIRING)}
    target = {str(index[edge]): (place[edge[0]], place[edge[1]]) for edge in WIRING}
    blocks = [old - 2 for old, _ in sorted(place.items(), key=lambda item: item[1])[2:]]
    state = {}
    for key, value in ours.state_dict().items():
        parts = key.split(".")
        if "_ops" in parts:
            parts[3] = str(index[target[parts[3]]])
        from_cell = parts[0] == "classifier" or (
            len(parts) > 2 and parts[2].startswith("preprocess") and value.ndim == 4
        )
        before = {"preprocess0": 2, "preprocess1": 1}.get(parts[2] if len(parts) > 2 else "", 1)
        if from_cell and value.ndim > 1 and (parts[0] == "classifier" or int(parts[1]) >= before):
            chunks = value.chunk(4, dim=1)
            value = torch.cat([chunks[block] for block in blocks], dim=1)
        state[".".join(parts)] = value
    theirs.load_state_dict(state)
    x = torch.rand(2, 3, 16, 16, dtype=torch.float64)
    assert torch.allclose(ours(x), theirs(x), rtol=0, atol=1e-12)


def test_a_node_without_edges_is_zero():
    nothing = Edges((("00",) * 14,))
    network = SMALL.build(nothing, classes=5, seed=0)
    logits = network(torch.rand(2, 3, 16, 16))
    assert torch.equal(logits, network.classifier.bias.expand(2, 5))


def test_batchnorm_in_cells_has_no_weights():
    names = [n for n, p in SMALL.build(LARGE, classes=5, seed=0).named_parameters() if p.ndim == 1]
    assert names == ["stem.1.weight", "stem.1.bias", "classifier.bias"]


def test_a_cell_a_layer_counts_as_the_same_cell_shared():
    shared, apart = LARGE, Edges(LARGE.cells * 3)
    for space in (SMALL, FREE):
        one, other = (space.build(a, classes=5, seed=0) for a in (shared, apart))
        assert parameter_count(one) == parameter_count(other)
        assert one.state_dict().keys() == other.state_dict().keys()
    different = Edges((LARGE.cells[0], ("10",) * 14, LARGE.cells[0]))
    assert parameter_count(FREE.build(different, classes=5, seed=0)) < parameter_count(one)
