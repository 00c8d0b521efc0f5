import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from croze.errors import CrozeError
from croze.spaces import open_space
from croze.spaces.darts import Darts, Genotype
from croze.spaces.literal import LONGEST

SPACE = Darts()
RELEASED = open_space("darts-released")
NASNET = open_space("nasnet")
seeds = st.integers(0, 2**32)

# DARTS-V1 as the repository of Liu et al. writes it
DARTS_V1 = """DARTS_V1 = Genotype(normal=[('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 0),
('sep_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 2)],
normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2),
('max_pool_3x3', 0), ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), ('avg_pool_3x3', 0)],
reduce_concat=range(2, 6))"""
V1 = SPACE.parse(DARTS_V1)


@given(seeds)
def test_text_round_trip(seed):
    for space in (SPACE, RELEASED, NASNET):
        genotype = space.sample(random.Random(seed))
        assert space.parse(str(genotype)) == genotype


def test_text_is_the_notation_of_the_field():
    assert str(V1) == (
        "Genotype(normal=[('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 0), "
        "('sep_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), "
        "('skip_connect', 2)], "
        "normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), "
        "('max_pool_3x3', 0), ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), "
        "('avg_pool_3x3', 0)], reduce_concat=[2, 3, 4, 5])"
    )


def by_node(pairs):
    return [list(pairs[place : place + 2]) for place in range(0, len(pairs), 2)]


FORMS = {
    "the repository's": DARTS_V1,
    "without a name": DARTS_V1.removeprefix("DARTS_V1 = "),
    "list(range)": DARTS_V1.replace("range(2, 6)", "list(range(2, 6))"),
    "positional": f"Genotype({list(V1.normal)}, range(2, 6), {list(V1.reduce)}, [2, 3, 4, 5])",
    "without concatenations": f"Genotype(normal={list(V1.normal)}, reduce={list(V1.reduce)})",
    "nested lists": json.dumps([V1.normal, V1.reduce]),
    "tuples": repr((V1.normal, V1.reduce)),
    "a list a node": json.dumps([by_node(V1.normal), by_node(V1.reduce)]),
    "state first": json.dumps([[(s, o) for o, s in cell] for cell in (V1.normal, V1.reduce)]),
    "JSON": json.dumps(V1.__dict__),
    "JSON of nodes": json.dumps({"normal": by_node(V1.normal), "reduce": by_node(V1.reduce)}, indent=2),
    "a dictionary": repr(V1.__dict__),
    "numbers": repr([[(s, SPACE.operations.index(o)) for o, s in cell] for cell in (V1.normal, V1.reduce)]),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_reads_the_same(form):
    assert SPACE.parse(f"  {FORMS[form]}\n") == V1


def test_numbers_are_those_of_the_nas_bench_301_table(shared_data):
    table = json.loads((shared_data / "nas_bench_301" / "zc_nasbench301.json").read_text())["cifar10"]
    for text in table:
        genotype = SPACE.parse(text)
        assert SPACE.parse(str(genotype)) == genotype
    first = SPACE.parse(
        "[[(0, 0), (1, 5), (1, 1), (0, 1), (1, 3), (0, 3), (1, 3), (3, 2)], "
        "[(1, 0), (0, 2), (1, 3), (0, 3), (3, 0), (0, 1), (2, 0), (3, 6)]]"
    )
    assert first.normal[:3] == (("max_pool_3x3", 0), ("dil_conv_3x3", 1), ("avg_pool_3x3", 1))
    assert first.reduce[-1] == ("dil_conv_5x5", 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: "", "neither a call of Genotype, nor lists, nor JSON"),
        (lambda t: "sep_conv_3x3", "holds 'sep_conv_3x3'"),
        (lambda t: t[:-1], "neither a call of Genotype"),
        (lambda t: t.replace("Genotype(", "print("), "holds "),
        (lambda t: t.replace("Genotype(", "__import__('os').system("), "holds "),
        (lambda t: t.replace("range(2, 6)", "range(2, 10**9)"), r"holds 'range\(2, 10 \*\* 9\)'"),
        (lambda t: t.replace("range(2, 6)", "range(0, 99)"), "states of 2..5, got"),
        (lambda t: t.replace("range(2, 6)", "[2, 3, 4]"), "the nodes 2 to 5"),
        (lambda t: t.replace("range(2, 6)", "[]"), "states of 2..5, got"),
        (lambda t: t.replace("range(2, 6)", "7"), "a concatenation is a list of states"),
        (lambda t: t.replace("range(2, 6)", "['a']"), "a concatenation is a list of states"),
        (lambda t: t.replace("reduce_concat", "reduced"), "field 'reduced'"),
        (lambda t: t.replace("normal=[('sep_conv_3x3', 1), ", "normal=["), "two .* pairs a node, got 7"),
        (lambda t: t.replace("('sep_conv_3x3', 1)", "('sep_conv_3x3', 2)", 1), "takes states 0..1, got"),
        (lambda t: t.replace("('sep_conv_3x3', 1)", "('sep_conv_3x3', -1)", 1), "holds '-1'"),
        (lambda t: t.replace("('sep_conv_3x3', 1)", "('sep_conv_3x3', True)", 1), "holds 'True'"),
        (lambda t: t.replace("('sep_conv_3x3', 1)", "('sep_conv_3x3', 0)", 1), "two different states"),
        (lambda t: t.replace("('sep_conv_3x3', 1)", "('sep_conv_3x3', 1, 1)", 1), "no .* pair"),
        (lambda t: t.replace("('sep_conv_3x3', 1)", "('sep_conv_7x7', 1)", 1), "Unknown operation"),
        (lambda t: "[[], []]", "two .* pairs a node, got 0"),
        (lambda t: "[1, 2]", "a cell is a list"),
        (lambda t: "[[1, 2], [3, 4]]", "a cell is a list"),
        (lambda t: "[[[]], [[]]]", "no .* pair"),
        (lambda t: "[[(0, 7)], [(0, 0)]]", "operation 7 is not among 0..6"),
        (lambda t: "[[[0, 0]]]", "two cells"),
        (lambda t: "{'normal': []}", "a normal and a reduce cell"),
        (lambda t: "{[]: 1}", "field 'None'"),
        (lambda t: "{**{}}", "field 'None'"),
        (lambda t: "(" * 5000, "neither a call of Genotype"),
        (lambda t: "-" * 10000 + "1", "is not a genotype"),
        (lambda t: "'\\d'", "two cells"),
        (lambda t: "\0", "is not a genotype"),
        (lambda t: "1" * 5000, "is not a genotype"),
        (lambda t: t + " " * LONGEST, f"longer than {LONGEST:,} characters"),
    ],
)
def test_malformed_genotypes_are_one_sentence(change, message):
    with pytest.raises(CrozeError, match=message) as raised:
        SPACE.parse(change(DARTS_V1))
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 700


@given(st.text(alphabet="[](){}',:=0123456789 sep_conv3x3skip_connect Genotype(normal=reduce", max_size=80))
def test_any_other_text_is_refused(text):
    with pytest.raises(CrozeError):
        SPACE.parse(text)


@given(seeds, st.data())
def test_one_damaged_character_never_ends_in_another_exception(seed, data):
    text = str(SPACE.sample(random.Random(seed)))
    place = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:place] + data.draw(st.characters()) + text[place + 1 :]
    try:
        found = SPACE.parse(damaged)
    except CrozeError:
        return
    assert SPACE.parse(str(found)) == found


def test_spaces_tell_whose_a_genotype_is():
    for space, other in ((SPACE, RELEASED), (RELEASED, NASNET), (NASNET, SPACE)):
        with pytest.raises(CrozeError, match="darts has 8, nasnet 10, darts-released 14"):
            space.parse(str(other.sample(random.Random(0))))
        with pytest.raises(CrozeError, match="darts has 8"):
            space.build(other.sample(random.Random(0)), classes=10, seed=0)
        with pytest.raises(CrozeError, match="darts has 8"):
            space.export(other.sample(random.Random(0)), classes=10)
    # numbers stand for the operations of one space alone
    with pytest.raises(CrozeError, match=r"no .* pair"):
        NASNET.parse(FORMS["numbers"])


def test_a_genotype_takes_the_lists_of_the_field_and_is_a_value():
    pasted = Genotype(
        normal=[("sep_conv_3x3", 1), ("skip_connect", 0)],
        normal_concat=range(2, 3),
        reduce=[["sep_conv_3x3", 1], ["skip_connect", 0]],
        reduce_concat=[2],
    )
    pairs = (("sep_conv_3x3", 1), ("skip_connect", 0))
    assert pasted == Genotype(pairs, (2,), pairs, (2,))
    assert hash(pasted) == hash(Genotype(pairs, (2,), pairs, (2,)))
    with pytest.raises(AttributeError):
        pasted.normal = ()
    with pytest.raises(CrozeError, match=r"states of 2\.\.2, got \[3\]"):
        Genotype(pairs, (3,), pairs, (2,))


def test_weights_of_gdas_and_dictionaries_of_edges_are_read():
    pairs = tuple(("sep_conv_3x3", i) for node in range(4) for i in range(2))
    wanted = Genotype(pairs, (2, 3, 4, 5), pairs, (2, 3, 4, 5))
    nodes = [[(o, i, 0.25) for o, i in pairs[2 * n : 2 * n + 2]] for n in range(4)]
    fields = f"normal_concat=range(2, 6), reduce={nodes}, reduce_concat=range(2, 6)"
    assert SPACE.parse(f"GDAS_V1 = Genotype(normal={nodes}, {fields})") == wanted
    edges = {(i, 2 + place // 2): o for place, (o, i) in enumerate(pairs)}
    rest = {"normal_concat": [2, 3, 4, 5], "reduce_concat": [2, 3, 4, 5]}
    assert SPACE.parse(str({"normal": edges, "reduce": edges, **rest})) == wanted
    texts = {f"{source}->{target}": o for (source, target), o in edges.items()}
    assert SPACE.parse(str({"normal": texts, "reduce": texts, **rest})) == wanted
    later = {(source + 1, target + 1): o for (source, target), o in edges.items()}
    assert SPACE.parse(str({"normal": later, "reduce": later, **rest})) == wanted


@pytest.mark.parametrize(
    "edges", [{(0, 2): "none"}, {(0, 9): "none", (1, 9): "none"}, {"0": "none"}, {(2, 2): "a"}]
)
def test_other_dictionaries_are_refused(edges):
    with pytest.raises(CrozeError, match="is not a genotype"):
        SPACE.parse(str({"normal": edges, "reduce": edges}))
