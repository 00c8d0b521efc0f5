import json
import shutil

import numpy as np
import pytest
import torch

from croze.training import TrainingRun
from croze.training.state import save_weights

CELL = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|nor_conv_3x3~2|"
TINY = ("train", "--arch", CELL, "--channels", "4", "--cells", "1", "--images", "400", "--batch-size", "32")


@pytest.fixture(scope="module")
def training(run_croze, tmp_path_factory):
    """The folder of a short training."""
    folder = tmp_path_factory.mktemp("training") / "t"
    done = run_croze(*TINY, "--epochs", 2, "--out", folder)
    assert done.code == 0, done.err
    return folder


@pytest.fixture(autouse=True)
def _trained(training, tmp_path):
    """Its copy, the folder `t` of a test."""
    shutil.copytree(training, tmp_path / "t")


def test_from_training_to_a_table(croze, tmp_path):
    command = ("evaluate", "t", "--images", "60", "--attacks", "fgsm,lgv(epochs=1)", "--epsilon", "16/255")
    done = croze(*command, "--limit", "lgv=20", "--plot", "e.png", "--json", "-")
    assert done.code == 0, done.err
    found = {(row["what"], row["size"]): row for row in done.json["conditions"]}
    clean, fgsm = found["clean", ""], found["fgsm", "linf 16/255"]
    assert fgsm["accuracy"] <= clean["accuracy"]
    assert fgsm["wilson95"][0] <= fgsm["accuracy"] <= fgsm["wilson95"][1]
    assert found["lgv(epochs=1)", "linf 16/255"]["images"] == 20
    assert done.json["worst_case"]["linf 16/255"]["images"] == 60
    assert (tmp_path / "e.png").stat().st_size > 5000
    page = (tmp_path / "t" / "evaluation" / "evaluation.md").read_text()
    assert "| fgsm | linf 16/255 | 60 |" in page
    assert json.loads((tmp_path / "t" / "evaluation" / "evaluation.json").read_text()) == done.json
    again = croze(*command, "--limit", "lgv=20", "--json", "-")
    assert (
        again.json["conditions"] == done.json["conditions"]
    )  # with their seconds: nothing was computed again


def test_mistakes_end_as_one_sentence(croze, tmp_path):
    model = TrainingRun.load(tmp_path / "t").model()
    for arguments, says in (
        (("nowhere",), "folder of a training"),
        (("t", "--epsilon", "8"), "8/255"),
        (("t", "--attacks", "pgdd"), "Unknown attack"),
        (("t", "--limit", "pgd=x"), "ATTACK=N"),
        (("t", "--images", "9999"), "1797"),
        (("t", "--device", "cuda:7"), "cannot be used here"),
    ):
        done = croze("evaluate", *arguments)
        assert done.code == 2
        assert says in done.err
        assert "Traceback" not in done.err
    with torch.no_grad():
        model.network.classifier.weight[0, 0] = float("nan")
    save_weights(tmp_path / "t" / "best.safetensors", model, {})
    done = croze("evaluate", "t")
    assert done.code == 2
    assert "not finite" in done.err


@pytest.mark.parametrize("file", ["best.safetensors", "training.json"])
def test_a_damaged_training_is_named(croze, tmp_path, file):
    path = tmp_path / "t" / file
    path.write_bytes(path.read_bytes()[:-50])
    done = croze("evaluate", "t")
    assert done.code == 2
    assert file in done.err


def test_corruptions_by_command(croze, refused, tmp_path):
    assert croze("corrupt", "--corruptions", "fog,jpeg", "--limit", 60, "--out", "c").code == 0
    command = ("evaluate", "t", "--images", 40, "--attacks", "none", "--limit", "corruptions=20")
    done = croze(*command, "--json", "-")
    assert done.code == 0, done.err
    assert done.json["corruptions"]["mean"] is not None
    assert done.json["trained_on_the_same_data"] is True
    assert {row["images"] for row in done.json["conditions"]} == {40, 20}
    again = croze(*command, "--mce-reference", "t/evaluation/evaluation.json", "--json", "-")
    assert again.json["corruptions"]["mce"] == pytest.approx(1)
    mistakes = {
        ("--corruptions", "none", "--mce-reference", "t/evaluation/evaluation.json"): "all corruptions",
        ("--mce-reference", "t/training.json"): "must be a result of an evaluation",
        ("--frost", ""): "--frost takes the name",
        ("--corruption-set", "nowhere"): "no folder nowhere",
        ("--corruption-set", "c", "--corruptions", "snow"): "no snow.npy",
        ("--corruption-set", "c", "--corruptions", "fog"): "c has 60 of the images, 400 are asked for",
        ("--corruptions", "fogg"): "Unknown corruption",
    }
    for arguments, says in mistakes.items():
        assert says in refused("evaluate", "t", "--images", 400, "--attacks", "none", *arguments)


def test_images_of_another_size_are_refused(refused, tmp_path):
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / "large.npz",
        x=rng.integers(0, 256, (20, 3, 64, 64), dtype=np.uint8),
        y=np.arange(20) % 10,
    )
    assert "trained on images of 3 x 32 x 32" in refused("evaluate", "t", "--data", "npz:large.npz")
