"""An evaluation as a value: of a module, interrupted, finished, read back."""

import copy
import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from croze.corruptions import corrupt, parse_corruptions
from croze.data import open_dataset
from croze.data.cached import cached
from croze.errors import CrozeError
from croze.files import slug
from croze.perturb.epsilon import parse_epsilon
from croze.robustness.attacks import find_attack
from croze.robustness.charts import curves
from croze.robustness.run import EvaluationRun, evaluate
from croze.training import train

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


class Forgetful(torch.nn.Module):
    """Random in evaluation mode; images that are bright have logits that are not finite."""

    def __init__(self, noise, blind):
        super().__init__()
        self.head, self.noise, self.blind = torch.nn.Linear(3, 10), noise, blind

    def forward(self, x):
        logits = self.head(x.mean((2, 3)))
        if self.blind:
            logits = logits / (x.mean((1, 2, 3)) < 0.3)[:, None]
        return logits + self.noise * torch.randn_like(logits)


def test_a_network_that_is_random_in_evaluation_repeats_and_says_so(small_set, tmp_path):
    network, given = Forgetful(1.0, blind=False), {**FEW, "attacks": "pgd(steps=2,draws=3)"}
    one, other = (evaluate(network, small_set, out=tmp_path / name, **given) for name in "ab")
    assert one.random
    assert "random in evaluation mode" in " ".join(one.warnings)
    assert [row["accuracy"] for row in one.rows()] == [row["accuracy"] for row in other.rows()]


def test_logits_that_are_not_finite_are_wrong_and_counted(small_set, tmp_path):
    run = evaluate(Forgetful(0.0, blind=True), small_set, normalises_input=True, out=tmp_path, **FEW)
    images = torch.from_numpy(small_set.read(np.arange(40))).float() / 255
    bright = int((images.mean((1, 2, 3)) >= 0.3).sum())
    clean = run.rows()[0]
    assert clean["not_finite"] == bright > 0
    assert clean["accuracy"] <= 1 - bright / 40
    assert f"clean: logits of {bright} of 40 images are not finite" in " ".join(run.warnings)
    assert EvaluationRun.load(tmp_path).result() == run.result()


def test_other_precisions(standard_network, small_set, tmp_path):
    given = {**FEW, "attacks": "fgsm", "corruptions": None}
    single = evaluate(standard_network, small_set, out=tmp_path / "single", **given).rows()[0]["accuracy"]
    double = evaluate(copy.deepcopy(standard_network).double(), small_set, out=tmp_path / "d", **given)
    assert double.rows()[0]["accuracy"] == single
    half = evaluate(copy.deepcopy(standard_network).bfloat16(), small_set, out=tmp_path / "h", **given)
    assert abs(half.rows()[0]["accuracy"] - single) <= 0.1
    assert "Weights of torch.bfloat16 are evaluated in float32." in half.warnings


def test_classes_are_matched_by_name_and_may_be_absent(small_set, tmp_path):
    """A training on folders, tested on folders that lack a class, name one otherwise, or are all there."""
    for number, label in enumerate(small_set.labels.tolist()):
        pixels = Image.fromarray(small_set.read([number])[0].transpose(1, 2, 0))
        for name in ("all", "fewer", "renamed"):
            if name == "fewer" and label == 3:
                continue
            kind = "z" if name == "renamed" and label == 0 else str(label)
            (tmp_path / name / kind).mkdir(parents=True, exist_ok=True)
            pixels.save(tmp_path / name / kind / f"{number}.png")
    run = train(
        Forgetful(0.0, blind=False), f"folder:{tmp_path / 'all'}", epochs=1, batch_size=8, out=tmp_path / "t"
    )
    assert run.class_names == tuple("0123456789")
    given = {"attacks": None, "corruptions": None}
    whole = evaluate(run, f"folder:{tmp_path / 'all'}", out=tmp_path / "1", **given)
    fewer = evaluate(run, f"folder:{tmp_path / 'fewer'}", out=tmp_path / "2", **given)
    by_class = [r.summary.conditions[0].per_class for r in (whole, fewer)]
    assert by_class[1][3] is None
    assert [v for k, v in enumerate(by_class[0]) if k != 3] == [
        v for k, v in enumerate(by_class[1]) if k != 3
    ]
    assert "There are no test images of 1 of 10 classes: 3." in fewer.warnings
    with pytest.raises(CrozeError, match="images of z, which are no classes of the network"):
        evaluate(run, f"folder:{tmp_path / 'renamed'}", out=tmp_path / "3", **given)


MODEL = """
from torch import nn

def build():
    return nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 10))
"""


def test_weights_of_other_tools(small_set, tmp_path):
    (tmp_path / "net.py").write_text(MODEL)
    network = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten(), torch.nn.Linear(12, 10))
    state, given = network.state_dict(), {"attacks": None, "corruptions": None}
    wanted = evaluate(network, small_set, out=tmp_path / "w", **given).rows()
    spec = f"{tmp_path / 'net.py'}:build"
    forms = {
        "plain.pth": state,
        "nested.pth": {
            "epoch": 3,
            "state_dict": {f"module.{name}": tensor for name, tensor in state.items()},
        },
    }
    for name, content in forms.items():
        torch.save(content, tmp_path / name)
        run = evaluate(spec, small_set, weights=tmp_path / name, out=tmp_path / name[:3], **given)
        assert run.rows()[0]["accuracy"] == wanted[0]["accuracy"]
    save_file(state, tmp_path / "plain.safetensors")
    evaluate(spec, small_set, weights=tmp_path / "plain.safetensors", out=tmp_path / "s", **given)
    torch.save({"2.weight": state["2.weight"], "head": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(CrozeError, match=r"does not fit the network: it lacks 2\.bias; it also has head\."):
        evaluate(spec, small_set, weights=tmp_path / "other.pth", **given)
    torch.save(network, tmp_path / "module.pth")  # a pickle that calls classes
    for name in ("module.pth", "net.py", "absent.pth"):
        with pytest.raises(CrozeError, match="cannot be read as weights"):
            evaluate(spec, small_set, weights=tmp_path / name, **given)


def test_what_can_be_refused_is_refused_before_anything_runs(small_set, tmp_path):
    network = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(3, 3))
    images = torch.rand(4, 3, 8, 8), torch.tensor([0, 1, 2, 0])
    with pytest.raises(CrozeError, match="apgd-t needs at least 4 classes"):
        evaluate(network, images, attacks="pgd(steps=10000000),apgd-t", out=tmp_path)
    assert not (tmp_path / "evaluation.json").exists()


def test_corruptions_that_change_nothing_at_a_size_are_named(tmp_path):
    network = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(3, 4))
    images = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0)), torch.arange(4)
    run = evaluate(network, images, attacks=None, corruptions="all", out=tmp_path)
    (said,) = run.warnings
    named = said.removeprefix("Images of 16 x 16 pixels do not change under ").removesuffix(".").split(", ")
    pixels = torch.from_numpy(open_dataset(images).read([0, 1])).float() / 255
    same = {
        str(c) for c in parse_corruptions("all") if torch.equal(corrupt(pixels, c.name, c.severity), pixels)
    }
    assert set(named) == same
    assert same


def test_accuracy_against_epsilon_is_a_chart(standard_network, small_set, tmp_path):
    sizes = {"epsilon": "0,4/255,16/255", "epsilon_l2": "0.5", "corruptions": None}
    run = evaluate(standard_network, small_set, attacks="fgsm", out=tmp_path, **sizes)
    clean = run.rows()[0]["accuracy"]
    points = curves(run.summary, "linf")["fgsm"]
    assert points[0] == (0.0, clean)
    assert [epsilon for epsilon, _ in points] == pytest.approx([0, 4 / 255, 16 / 255])
    by_size = {row["size"]: row["accuracy"] for row in run.rows() if row["what"] == "fgsm"}
    assert [value for _, value in points[1:]] == [by_size["linf 4/255"], by_size["linf 16/255"]]
    assert curves(run.summary, "l2") == {}
    names = [chart.name for chart in run.page().charts]
    assert names[:2] == ["evaluation-attacks", "evaluation-epsilon-linf"]
    run.page().charts[1].save(tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size > 5000


def test_attacked_images_are_saved_as_floats_and_in_8_bits(standard_network, small_set, tmp_path):
    def run(attacks="pgd(steps=3),fgsm", epsilon="8/255,5/510", images=tmp_path / "images"):
        return evaluate(
            standard_network, small_set, attacks=attacks, epsilon=epsilon, corruptions=None, batch_size=16,
            limits={"fgsm": 20}, normalises_input=True, save_images=images, out=tmp_path / "run",
        )  # fmt: skip

    def read(name):
        return {path: path.read_bytes() for path in (tmp_path / "images").rglob(name)}

    saved = run()
    whole = cached(small_set)
    for row in saved.rows()[1:-1]:
        folder = tmp_path / "images" / slug(f"{row['what']} {row['size']}")
        floats, rounded = np.load(folder / "float32.npy"), np.load(folder / "uint8.npy")
        labels = np.load(folder / "labels.npy")
        assert len(floats) == len(rounded) == len(labels) == row["images"]
        clean = whole.read(np.load(folder / "rows.npy")) / 255
        assert np.abs(floats - clean).max() <= parse_epsilon(row["size"].removeprefix("linf "), "linf") + 1e-6
        assert np.array_equal(rounded, np.round(floats * 255).astype(np.uint8))
        for images, key in ((floats, "accuracy"), (rounded / 255, "accuracy_in_8_bits")):
            with torch.no_grad():
                found = standard_network(torch.from_numpy(images).float()).argmax(1).numpy()
            assert (found == labels).mean() == pytest.approx(row[key])
        assert np.array_equal(whole.labels[np.load(folder / "rows.npy")], labels)
    first = read("float32.npy")
    assert len(first) == 4
    for path in list(first)[:2]:  # outcomes are on file, these images no more
        path.unlink()
    again = run()
    assert read("float32.npy") == first
    assert [r["accuracy"] for r in again.rows()] == [r["accuracy"] for r in saved.rows()]
    assert "8 bits" in again.table().head
    with pytest.raises(CrozeError, match="holds attacked images of other weights, images or settings"):
        evaluate(
            standard_network, small_set, attacks="fgsm", corruptions=None, seed=1, out=tmp_path / "other",
            save_images=tmp_path / "images",
        )  # fmt: skip
