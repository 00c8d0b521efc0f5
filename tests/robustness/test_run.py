"""An evaluation as a value: of a module, interrupted, finished, read back."""

import json

import numpy as np
import pytest
import torch

from croze.data.cached import cached
from croze.errors import CrozeError
from croze.robustness.attacks import find_attack
from croze.robustness.run import EvaluationRun, evaluate

FEW = {"attacks": "fgsm,pgd(steps=3)", "epsilon": "8/255", "corruptions": "fog@1", "batch_size": 20}


class Killed(Exception):
    pass


def stop(what, done, total, remark):
    if "pgd(steps=3) linf 8/255" in remark:
        raise Killed


def test_a_module_is_evaluated_and_read_back(standard_network, small_set, tmp_path):
    run = evaluate(standard_network, small_set, out=tmp_path, **FEW)
    assert (run.status, run.training, run.recipe) == ("finished", "", None)
    again = EvaluationRun.load(tmp_path)
    assert again.result() == run.result() == json.loads((tmp_path / "evaluation.json").read_text())
    assert again.summary == run.summary
    names = [row["what"] for row in again.rows()]
    assert names == ["clean", "fog", "fgsm", "pgd(steps=3)", "pgd(steps=50)"]
    images = torch.from_numpy(small_set.read(np.arange(40))).float() / 255
    with torch.no_grad():
        right = standard_network(images).argmax(1).numpy() == small_set.labels
    assert again.rows()[0]["accuracy"] == right.mean()
    assert ("fgsm", "linf 8/255", "40") in [row[:3] for row in again.table().rows]
    assert "| fgsm | linf 8/255 | 40 |" in (tmp_path / "evaluation.md").read_text()
    assert [chart.name for chart in again.page().charts][:1] == ["evaluation-attacks"]


def test_values_are_as_good_as_texts(standard_network, small_set, tmp_path):
    images = torch.from_numpy(small_set.read(np.arange(40))), torch.from_numpy(small_set.labels.copy())
    text = evaluate(standard_network, small_set, out=tmp_path / "text", **FEW)
    value = evaluate(
        standard_network, images, attacks=[find_attack("fgsm"), "pgd(steps=3)"], epsilon=8 / 255,
        corruptions="fog@1", batch_size=20, out=tmp_path / "value",
    )  # fmt: skip
    assert [(r["what"], r["size"], r["accuracy"]) for r in value.rows()] == [
        (r["what"], r["size"], r["accuracy"]) for r in text.rows()
    ]
    limited = evaluate(
        standard_network, images, limits={"fgsm": 20}, attacks="fgsm", epsilon=[8 / 255, 4 / 255],
        corruptions=None, out=tmp_path / "value",
    )  # fmt: skip
    assert [row["images"] for row in limited.rows()] == [40, 20, 20, 40]


def test_a_module_that_takes_normalised_images(standard_network, small_set, tmp_path):
    """The network behind the data's normalisation, or a model that normalises itself: the same."""
    few = FEW | {"corruptions": None}
    inside = standard_network.network if hasattr(standard_network, "network") else None
    whole = evaluate(standard_network, small_set, out=tmp_path / "whole", **few)
    if inside is not None and tuple(standard_network.mean.flatten().tolist()) == tuple(small_set.mean):
        bare = evaluate(inside, small_set, out=tmp_path / "bare", **few)
        assert [r["accuracy"] for r in bare.rows()] == [r["accuracy"] for r in whole.rows()]

    class Own(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = standard_network

        def forward(self, x):
            return self.model(x)

    own = evaluate(Own(), small_set, normalises_input=True, out=tmp_path / "own", **few)
    assert [r["accuracy"] for r in own.rows()] == [r["accuracy"] for r in whole.rows()]


def test_an_interrupted_evaluation_goes_on(standard_network, small_set, tmp_path):
    with pytest.raises(Killed):
        evaluate(standard_network, small_set, out=tmp_path / "killed", watch=stop, **FEW)
    run = EvaluationRun.load(tmp_path / "killed")
    assert (run.status, run.summary) == ("unfinished", None)
    whole = evaluate(standard_network, small_set, out=tmp_path / "whole", **FEW)
    done = {row["what"]: (row["images"], row["accuracy"]) for row in run.rows()}
    assert done["clean"] == (40, whole.rows()[0]["accuracy"])
    assert done["pgd(steps=3) linf 8/255"][0] == 20
    assert "This evaluation has not finished" in run.page().notices[0]
    assert run.table().rows[0][:2] == ("clean", "40")
    finished = evaluate(standard_network, small_set, out=tmp_path / "killed", **FEW)
    assert [row["accuracy"] for row in finished.rows()] == [row["accuracy"] for row in whole.rows()]
    # asked for more and stopped, the result that is there stays
    with pytest.raises(Killed):
        evaluate(
            standard_network, cached(small_set, np.arange(30)), out=tmp_path / "killed", watch=stop, **FEW
        )
    assert EvaluationRun.load(tmp_path / "killed").result() == finished.result()


def test_what_is_asked_for_wrongly(standard_network, small_set, tmp_path):
    for given, says in (
        ({"epsilon": None, "attacks": "fgsm"}, "give one as epsilon"),
        ({"epsilon": 8.0}, "8/255"),
        ({"limits": {"pgdd": 5}}, "none of the attacks"),
        ({"mce_reference": tmp_path}, "evaluation"),
        ({"attacks": "lgv", "corruptions": None}, "training_data"),
    ):
        with pytest.raises(CrozeError, match=says):
            evaluate(standard_network, small_set, out=tmp_path / "x", **{**FEW, **given})
    with pytest.raises(CrozeError, match=r"training\.json does not exist"):
        evaluate(tmp_path, small_set)
    with pytest.raises(CrozeError, match="does not exist"):
        EvaluationRun.load(tmp_path)


def test_a_damaged_result_is_named(tmp_path):
    (tmp_path / "evaluation.json").write_text('{"format": {"kind": "evaluation", "version": 2}}')
    with pytest.raises(CrozeError, match="no evaluation that can be read"):
        EvaluationRun.load(tmp_path)
