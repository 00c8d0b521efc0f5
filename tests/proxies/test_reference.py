import json
import math
from dataclasses import replace

import numpy as np
import pytest

from croze.data import load_batch
from croze.errors import CrozeError
from croze.files import to_json
from croze.proxies import AGGREGATES, PROXIES, parse_proxy
from croze.proxies.reference import Reference, load_reference, shipped_references
from croze.scoring.score import score, score_all
from croze.spaces import open_space
from croze.testing.networks import NETWORKS

SPACE = open_space("nasbench201")
HEAD = {"name": "x", "settings": {}, "data": "d", "images": 8, "image_shape": [3, 32, 32], "classes": 10}
LARGE = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"
SMALL = "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|"


@pytest.fixture
def population(tmp_path):
    columns = {"params": np.array([100.0, 200.0, 1e6, np.nan]), "l2-norm": np.array([1.0, 2.0, 1e3, 5.0])}
    path = tmp_path / "mine.json"
    path.write_text(to_json(Reference("mine", {"seed": 1}, "noise", 8, (3, 32, 32), 10, columns).to_json()))
    return str(path)


def test_the_shipped_populations_serve_every_proxy_and_aggregate():
    assert "nasbench201" in shipped_references()
    for name in shipped_references():
        found = load_reference(name)
        assert {len(column) for column in found.columns.values()} == {300}
        assert set(found.columns) >= set(PROXIES) - {"epe-nas"}
        assert all(
            np.isfinite(column).sum() > 250 for spec, column in found.columns.items() if spec != "epe-nas"
        )
        assert all(part.spec in found.columns for a in AGGREGATES.values() for part in a.parts)
        assert found.settings["space"] == repr(SPACE)


def test_a_network_gets_its_place_among_the_population(digits, population):
    model = SPACE.build(SPACE.parse(SMALL), classes=10, seed=0)
    found = score(model, digits, "rank(params,l2-norm)", reference=population)
    # 73,306 parameters: third of the four with a score by both; l2-norm about 100: third too
    assert found.value == pytest.approx(3 / 4)
    assert found.notes == (
        "percentiles among 3 networks of the reference population mine, scored on 8 images of noise: "
        "params 75, l2-norm 75",
    )
    assert {layer.layer: layer.terms["percentile"] for layer in found.layers} == {
        "params": 0.75,
        "l2-norm": 0.75,
    }
    assert found.layers[0].terms["score"] == score(model, digits, "params").value


def test_good_cells_stand_high_and_the_parts_come_along(digits):
    places = {}
    for text in (LARGE, SMALL):
        model = SPACE.build(SPACE.parse(text), classes=10, seed=0)
        aggregate, single = score_all(model, digits, "croze-robust,croze-positional")
        assert single.value == next(x.terms["score"] for x in aggregate.layers if x.layer == single.proxy)
        places[text] = aggregate.value
    assert places[LARGE] > places[SMALL]


def test_what_a_part_cannot_score_the_aggregate_cannot(digits):
    found = score(NETWORKS["mlp"](), digits, "croze-robust")
    assert not found.ok
    assert found.reason.startswith("meco: ")


def test_scores_of_another_batch_are_not_compared(digits16):
    found = score(NETWORKS["resnet"](), digits16, "croze-robust")
    assert not found.ok
    assert "was scored on 8 images, this network on 16" in found.reason


def test_a_population_without_the_part_says_so(digits, population):
    found = score(NETWORKS["resnet"](), digits, parse_proxy("rank(params,snip)"), reference=population)
    assert not found.ok
    assert "the reference population mine has no scores of snip" in found.reason


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        json.dumps({**HEAD, "scores": {}}),
        json.dumps({**HEAD, "images": math.inf, "scores": {"a": [1]}}),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path, text):
    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(CrozeError, match=r"broken\.json is no reference population"):
        load_reference(str(path))


def test_columns_of_different_length_are_refused(tmp_path):
    path = tmp_path / "ragged.json"
    path.write_text(json.dumps({**HEAD, "scores": {"a": [1], "b": [1, 2]}}))
    with pytest.raises(CrozeError, match="columns of different length"):
        load_reference(str(path))


def test_unknown_names_and_missing_files():
    with pytest.raises(
        CrozeError, match="Unknown reference population 'resnets'; the shipped ones are nasbench201"
    ):
        load_reference("resnets")
    with pytest.raises(CrozeError, match=r"Cannot read the reference population nowhere\.json"):
        load_reference("nowhere.json")


def test_what_the_population_did_not_see_is_not_compared(digits, population):
    small = replace(digits, images=digits.images[:, :, :16, :16])
    many = replace(digits, classes=20)
    for batch in (small, many):
        found = score(NETWORKS["plain_cnn"](), batch, "rank(params,l2-norm)", reference=population)
        assert "was scored on images of shape (3, 32, 32) with 10 classes" in found.reason
    larger = load_batch("digits", size=12, seed=0)
    found = score(NETWORKS["plain_cnn"](), larger, "rank(params,l2-norm)", reference=population)
    assert found.ok, "sizes are the same for any number of images"


def test_a_flavour_of_a_space_is_not_compared_with_networks_of_ones_own(digits):
    found = score(NETWORKS["plain_cnn"](), digits, "te-nas")
    assert "linear-regions is defined on the flavour 'thin'" in found.reason


def test_too_few_networks_with_every_part(digits, tmp_path):
    columns = {"params": np.array([1.0, 2.0, np.nan]), "l2-norm": np.array([np.nan, 2.0, 1.0])}
    path = tmp_path / "few.json"
    path.write_text(to_json(Reference("few", {}, "d", 8, (3, 32, 32), 10, columns).to_json()))
    found = score(NETWORKS["plain_cnn"](), digits, "rank(params,l2-norm)", reference=str(path))
    assert found.reason == "only 1 networks of the reference population few have all parts"


def test_a_file_of_bytes_is_refused(tmp_path):
    path = tmp_path / "bytes.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CrozeError, match="is no reference population"):
        load_reference(str(path))
