"""The spaces of examples 03 and 04: the contract, their own rules, and searches with the command line."""

import json
import math
import random
import sys
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from croze.__main__ import main
from croze.data import load_batch
from croze.errors import CrozeError
from croze.nn.count import parameter_count
from croze.proxies import parse_proxy, parts_of
from croze.scoring.score import score_all
from croze.spaces.user import open_user_space
from croze.testing.spaces import check_space

EXAMPLES = Path(__file__).parents[2] / "examples"
MOBILENET = f"{EXAMPLES / '03_mobilenet_space.py'}:MobileNetSpace"
VIT = f"{EXAMPLES / '04_vit_space.py'}:ViTSpace"


@pytest.fixture
def mobilenets():
    return open_user_space(MOBILENET, channels=8)


@pytest.fixture
def vits():
    return open_user_space(VIT)


def test_the_contract(mobilenets, vits):
    check_space(mobilenets)
    check_space(vits)
    check_space(open_user_space(VIT, image_size=16, patch=4), shape=(3, 16, 16), classes=120)
    check_space(mobilenets, shape=(3, 16, 16), classes=120, samples=5)


def test_how_many_mobilenets_there_are(mobilenets):
    # by hand: 18 kinds of block, one to three of them a stage, three stages
    blocks = math.prod(len(mobilenets.choices[f"{letter}1.1"]) for letter in "kes")
    assert blocks == 18
    assert (blocks + blocks**2 + blocks**3) ** 3 == 235_342_236_024
    assert "235 billion networks" in type(mobilenets).__doc__


def test_blocks_of_a_mobilenet_are_what_is_chosen(mobilenets):
    text = (
        "d1=1,d2=2,d3=1,k1.1=5,e1.1=1,s1.1=0,k1.2=7,e1.2=6,s1.2=1,k1.3=3,e1.3=1,s1.3=0,"
        "k2.1=3,e2.1=6,s2.1=1,k2.2=7,e2.2=3,s2.2=0,k2.3=3,e2.3=1,s2.3=0,"
        "k3.1=5,e3.1=3,s3.1=1,k3.2=3,e3.2=1,s3.2=0,k3.3=3,e3.3=1,s3.3=0"
    )
    chosen = mobilenets.parse(text)
    assert str(mobilenets.canonical(chosen)) == text.replace("k1.2=7,e1.2=6,s1.2=1", "k1.2=3,e1.2=1,s1.2=0")
    network = mobilenets.build(chosen, classes=10, seed=0)
    first, second, third, last = network.blocks
    depthwise = [
        next(m for m in block.modules() if isinstance(m, torch.nn.Conv2d) and m.groups > 1)
        for block in (first, second, third, last)
    ]
    assert [conv.kernel_size[0] for conv in depthwise] == [5, 3, 7, 5]
    assert [conv.groups for conv in depthwise] == [8, 48, 48, 48]
    assert [conv.stride[0] for conv in depthwise] == [1, 2, 1, 2]
    assert [block.residual for block in network.blocks] == [True, False, True, False]
    gates = [sum(type(m).__name__ == "SqueezeExcite" for m in block.modules()) for block in network.blocks]
    assert gates == [0, 1, 0, 1]
    # counted by hand: the first block is depthwise and narrowing, both with BatchNorm
    assert parameter_count(first) == (25 * 8 + 16) + (8 * 8 + 16)


def test_attention_is_attention(vits):
    text = "embedding=48,depth=1,pool=token,h1=4,h2=2,h3=2,h4=2,h5=2,h6=2,r1=2,r2=1,r3=1,r4=1,r5=1,r6=1"
    network = vits.build(vits.parse(text), classes=10, seed=0)
    attention = network.blocks[0].attend[1]
    tokens = torch.randn(3, 17, 48, generator=torch.Generator().manual_seed(0))
    # torch's own kernel as the oracle
    parts = functional.linear(tokens, attention.query_key_value.weight, attention.query_key_value.bias)
    query, key, value = (p.view(3, 17, 4, 12).transpose(1, 2) for p in parts.split(48, dim=-1))
    answered = functional.scaled_dot_product_attention(query, key, value)
    expected = attention.out(answered.transpose(1, 2).reshape(3, 17, 48))
    torch.testing.assert_close(attention(tokens), expected)
    assert parameter_count(network.blocks[0]) == 4 * 48 + (48 * 144 + 144) + (48 * 48 + 48) + (
        (48 * 96 + 96) + (96 * 48 + 48)
    )


def test_the_token_and_the_mean_are_two_networks(vits):
    text = "embedding=48,depth=1,pool=token,h1=4,h2=2,h3=2,h4=2,h5=2,h6=2,r1=2,r2=1,r3=1,r4=1,r5=1,r6=1"
    token = vits.build(vits.parse(text), classes=10, seed=0)
    mean = vits.build(vits.parse(text.replace("token", "mean")), classes=10, seed=0)
    assert token.position.shape == (1, 17, 48)
    assert mean.position.shape == (1, 16, 48)
    assert mean.token is None


def test_heads_divide_the_embedding(vits):
    refused = "embedding=64,depth=2,pool=mean,h1=4,h2=3,h3=2,h4=2,h5=2,h6=2,r1=2,r2=1,r3=1,r4=1,r5=1,r6=1"
    with pytest.raises(CrozeError, match="these options do not go together"):
        vits.parse(refused)
    assert vits.parse(refused.replace("depth=2", "depth=1"))  # the second block is absent
    assert vits.parse(refused.replace("embedding=64", "embedding=96"))
    for seed in range(50):
        chosen = vits.sample(random.Random(seed))
        assert all(chosen["embedding"] % chosen[f"h{b}"] == 0 for b in range(1, chosen["depth"] + 1))
    with pytest.raises(CrozeError, match="Patches of 7 do not cut up images of 32: name a divisor"):
        open_user_space(VIT, patch=7)


def test_what_the_examples_say_of_proxies_is_so(mobilenets, vits, digits):
    robust = parts_of([parse_proxy("croze-robust")])
    for seed in range(3):
        network = mobilenets.build(mobilenets.sample(random.Random(seed)), classes=10, seed=0)
        assert all(score.ok for score in score_all(network, digits, robust))
    by_pool = {"token": 0, "mean": 0}
    progress = set()
    for seed in range(6):
        chosen = vits.sample(random.Random(seed))
        by_pool[chosen["pool"]] += 1
        network = vits.build(chosen, classes=10, seed=0)
        found = score_all(network, digits, "meco,az-trainability,az-progressivity,flops")
        meco, trainability, progressivity, flops = found
        assert meco.value == 0.0
        assert trainability.ok == (chosen["pool"] == "mean")
        assert progressivity.ok
        assert flops.ok
        progress.add(progressivity.value)
    assert all(by_pool.values())
    assert len(progress) > 1
    proxy = sys.modules["04_vit_space"].PROXY
    assert proxy == "logrank(az-progressivity,flops)"
    assert proxy in (EXAMPLES / "04_vit_space.py").read_text().split('"""')[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "options", "parameters"),
    [
        (MOBILENET, ["--channels", "4"], 20_000),
        (VIT, ["--proxy", "logrank(az-progressivity,flops)"], 300_000),
    ],
)
def test_the_command_line_searches_it(spec, options, parameters, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    limits = ["--max-params", str(parameters), "--workers", "2", "--budget", "6"]
    monkeypatch.setattr(
        sys, "argv", ["croze", "search", "--space", spec, *limits, *options, "--out", "run", "--json", "-"]
    )
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code in (None, 0)
    result = json.loads(capsys.readouterr().out)
    assert result["scored"] == 6
    assert result["failed"] == []
    assert result["best"]["params"] <= parameters
    assert "sha256:" in result["settings"]["space"]
    scope = {"__name__": "exported"}
    exec((tmp_path / "run" / "network.py").read_text(), scope)
    network = scope["build"]()
    assert parameter_count(network) == result["best"]["params"]
    batch = load_batch("digits", size=8, seed=0)
    assert network(batch.normalised()).shape == (8, 10)
