"""NAS-Bench-Macro: parameters and multiply-adds that the benchmark states, isomorphism, notation."""

import itertools
import json
import random

import pytest
import torch

from croze.errors import CrozeError
from croze.nn.count import flop_count, parameter_count
from croze.spaces import open_space

SPACE = open_space("macro")


def test_sizes_are_those_of_the_benchmark(shared_data):
    published = json.loads((shared_data / "nas_bench_macro" / "choose.json").read_text())
    for text in random.Random(0).sample(sorted(published), 12):
        network = SPACE.build(SPACE.parse(text), classes=10, seed=0)
        assert parameter_count(network) == published[text]["params"]
        assert flop_count(network, (3, 32, 32)) == published[text]["flops"]


def test_isomorphic_networks_are_equal_functions_and_have_one_accuracy(shared_data):
    published = json.loads((shared_data / "nas_bench_macro" / "choose.json").read_text())
    texts = ["".join(options) for options in itertools.product("012", repeat=8)]
    canonical = {text: str(SPACE.canonical(SPACE.parse(text))) for text in texts}
    assert len(set(canonical.values())) == 3969
    assert all(text >= canonical[text] for text in texts)
    pairs = [(t, c) for t, c in canonical.items() if t != c and t in published and c in published]
    assert pairs
    assert all(published[t]["params"] == published[c]["params"] for t, c in pairs)
    text, moved = "10120110", "10102101"
    assert canonical[text] == moved
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        one, other = (SPACE.build(SPACE.parse(t), classes=10, seed=1).eval()(images) for t in (text, moved))
    assert torch.equal(one, other)


@pytest.mark.parametrize("text", ["", "0000000", "000000000", "00000003", "0,0,0,0,0,0,0,0"])
def test_other_texts_are_refused(text):
    with pytest.raises(CrozeError, match="8 options out of 0, 1, 2"):
        SPACE.parse(text)
