"""A training as a value: begun, interrupted, failed, finished, read back."""

import json

import pytest
import torch

from croze.data.cached import cached
from croze.errors import CrozeError
from croze.training import NetworkSpec, TrainingRun, find_recipe, in_pixels, train
from croze.training.run import TRAINING, train_network

CELL = "|skip_connect~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|nor_conv_3x3~2|"
RECIPE = {"epochs": "1", "batch_size": "64"}


class Killed(Exception):
    pass


def begin(folder, images, seed=0, recipe="standard", changes=RECIPE, channels=4):
    network = NetworkSpec.from_space(CELL, channels=channels, cells=1)
    model = in_pixels(network.build(10, seed), images[0])
    return TrainingRun.begin(folder, network, model, *images, find_recipe(recipe, changes), seed)


def test_what_is_trained_can_be_loaded(tmp_path, images):
    run = begin(tmp_path, images)
    assert run.status == "unfinished"
    with pytest.raises(CrozeError, match="has finished no epoch"):
        run.model()
    found = train_network(run.network, *images, run.recipe, tmp_path)
    again = TrainingRun.load(tmp_path)
    assert again.result() == found.result()
    assert (again.status, again.reason) == ("finished", "")
    assert again.network == found.network
    assert again.recipe == found.recipe
    assert again.best == again.history[0]
    model = again.model()
    assert not model.training
    x = torch.rand(4, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(model(x), found.model()(x))
    assert (again.classes, again.seed, again.data) == (10, 0, "digits")
    assert again.table().rows[-1][-1] == "kept"
    assert [row["epoch"] for row in again.rows()] == [1]
    assert "Accuracy by epoch" in again._repr_html_() or again.page().charts


def test_a_killed_training_is_unfinished_and_goes_on_to_the_same_history(tmp_path, images):
    def stop(what, done, total, remark):
        if what == "standard training" and done == 5:
            raise Killed

    given = {"epochs": 2, "batch_size": 64, "out": tmp_path / "killed", "recipe": "standard"}
    network = NetworkSpec.from_space(CELL, channels=4, cells=1)
    with pytest.raises(Killed):
        train(network, images[0], watch=stop, **given)
    run = TrainingRun.load(tmp_path / "killed")
    assert run.status == "unfinished"
    assert len(run.history) == 1
    assert "has not finished: 1 of 2 epochs" in run.page().notices[0]
    assert run.best is None
    whole = train(network, images[0], **{**given, "out": tmp_path / "whole"})
    assert train(network, images[0], **given).history == whole.history
    assert TrainingRun.load(tmp_path / "killed").status == "finished"


def test_a_training_that_diverged_says_so(tmp_path, images):
    network = NetworkSpec.from_space(CELL, channels=4, cells=1)
    run = train(network, images[0], out=tmp_path, epochs=1, batch_size=64, lr=1e30, clip=0)
    assert run.status == "failed"
    again = TrainingRun.load(tmp_path)
    assert again.status == "failed"
    assert again.reason == run.reason
    assert "diverged in epoch 1" in again.reason
    assert again.page().notices == (again.reason,)
    assert again.result() == run.result()


def test_a_module_is_trained_as_it_is_and_not_changed(tmp_path, images, small):
    module = small()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    run = train(module, images[0], out=tmp_path, epochs=1, batch_size=64)
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert run.network.title == "Sequential"
    weights = run.model().network.state_dict()
    assert any(not torch.equal(before[name], value) for name, value in weights.items())
    # the same module, so the same training
    assert train(module, images[0], out=tmp_path, epochs=1, batch_size=64).history == run.history
    with pytest.raises(CrozeError, match="differs in network"):
        train(small(seed=1), images[0], out=tmp_path, epochs=1, batch_size=64)
    with pytest.raises(CrozeError, match="a module in memory"):
        TrainingRun.load(tmp_path).model()


def test_tensors_are_data(tmp_path, images, small):
    rows = range(len(images[0]))
    x, y = torch.from_numpy(images[0].read(list(rows))), torch.from_numpy(images[0].labels.copy())
    run = train(small(), (x, y), out=tmp_path, epochs=1, batch_size=64)
    assert run.count == len(x)
    assert TrainingRun.load(tmp_path).data == run.data


def test_the_same_training_goes_on(tmp_path, images):
    begin(tmp_path, images)
    begin(tmp_path, images)


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"seed": 1}, "seed"),
        ({"recipe": "fast"}, r"recipe \(method, step, steps\)"),
        ({"changes": RECIPE | {"lr": "0.2"}}, r"recipe \(lr\)"),
        ({"channels": 8}, r"network \(settings\)"),
    ],
)
def test_another_training_is_told_apart(tmp_path, images, other, says):
    begin(tmp_path, images)
    with pytest.raises(CrozeError, match=f"differs in {says}: name another folder"):
        begin(tmp_path, images, **other)


def test_other_images_are_told_apart(tmp_path, images):
    begin(tmp_path, images)
    with pytest.raises(CrozeError, match="differs in images"):
        begin(tmp_path, (images[0], cached(images[1], range(30))))


def test_what_is_no_training(tmp_path):
    with pytest.raises(CrozeError, match="folder of a training"):
        TrainingRun.load(tmp_path)
    (tmp_path / TRAINING).write_text("{}")
    with pytest.raises(CrozeError, match="must be a result of a training"):
        TrainingRun.load(tmp_path)
    (tmp_path / TRAINING).write_text('{"format": {"kind": "training", "version": 2}}')
    with pytest.raises(CrozeError, match="no training that can be read"):
        TrainingRun.load(tmp_path)
    (tmp_path / TRAINING).unlink()
    (tmp_path / "best.safetensors").write_bytes(b"")
    with pytest.raises(CrozeError, match=r"weights but no training\.json"):
        begin(tmp_path, [cached_digits()] * 2)


def cached_digits():
    from croze.data import open_dataset

    return cached(open_dataset("digits"), range(64))


def test_a_later_version_is_told(tmp_path, images):
    begin(tmp_path, images)
    path = tmp_path / TRAINING
    path.write_text(
        json.dumps(json.loads(path.read_text()) | {"format": {"kind": "training", "version": 99}})
    )
    with pytest.raises(CrozeError, match="of format 99"):
        TrainingRun.load(tmp_path)


def test_a_finished_training_is_extended(tmp_path, images):
    network = NetworkSpec.from_space(CELL, channels=4, cells=1)
    given = {"batch_size": 64, "out": tmp_path, "recipe": "standard"}
    first = train(network, images[0], epochs=1, **given)
    longer = train(network, images[0], epochs=3, **given)
    assert (longer.status, longer.extended, len(longer.history)) == ("finished", [1], 3)
    assert longer.history[0] == first.history[0]
    assert TrainingRun.load(tmp_path).result() == longer.result()
    with pytest.raises(CrozeError, match=r"differs in recipe .*epochs"):
        train(network, images[0], epochs=2, **given)


def test_an_average_of_the_weights_is_kept_and_resumes_to_the_same_bits(tmp_path, images):
    network = NetworkSpec.from_space(CELL, channels=4, cells=1)
    given = {"epochs": 2, "batch_size": 64, "ema": 0.5}

    def stop(what, done, total, remark):
        if what == "standard training" and done == 4:
            raise Killed

    with pytest.raises(Killed):
        train(network, images[0], watch=stop, out=tmp_path / "killed", **given)
    again = train(network, images[0], out=tmp_path / "killed", **given)
    whole = train(network, images[0], out=tmp_path / "whole", **given)
    plain = train(network, images[0], out=tmp_path / "plain", epochs=2, batch_size=64)
    assert again.history == whole.history
    weights = [run.model().state_dict() for run in (again, whole, plain)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert not torch.equal(weights[1]["network.classifier.weight"], weights[2]["network.classifier.weight"])


class Noisy(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(3, 10)

    def forward(self, x):
        logits = self.head(x.mean((2, 3)))
        return logits + torch.randn_like(logits)


class Blind(Noisy):
    """Bright images have logits that are not finite."""

    def forward(self, x):
        mean = x.mean((1, 2, 3))
        return self.head(x.mean((2, 3))) / (~((mean > 0) & (not self.training)))[:, None]


def test_a_network_that_is_random_in_evaluation_repeats_and_says_so(tmp_path, images):
    network = Noisy()
    one, other = (train(network, images[0], epochs=2, batch_size=64, out=tmp_path / name) for name in "ab")
    assert one.random
    assert "random in evaluation mode" in " ".join(one.warnings)
    assert one.history == other.history
    assert one.best_epoch == other.best_epoch


def test_logits_that_are_not_finite_count_as_wrong(tmp_path, images):
    run = train(Blind(), images[0], epochs=1, batch_size=64, out=tmp_path)
    (row,) = run.history
    count = row["validation_not_finite"]
    assert 0 < count < 24
    assert row["validation_clean"] <= 1 - count / 24
    assert "not finite" in " ".join(run.warnings)


def test_a_training_that_came_to_nothing_says_so(tmp_path, images):
    run = begin(tmp_path, images, recipe="fast")
    row = {"loss": 1.0, "validation_clean": 0.6, "validation_not_finite": 0, "train_clean": None, "lr": 0.1}
    run.history = [
        row | {"epoch": 1, "validation_adversarial": 0.4, "train_adversarial": 0.4},
        row | {"epoch": 2, "validation_adversarial": 0.05, "train_adversarial": 0.7},
    ]
    (said,) = run.warnings
    assert "Catastrophic overfitting: after epoch 1 accuracy under PGD fell from 40.0% to 5.0%" in said
    run.history = [run.history[0] | {"validation_clean": 0.11}]
    assert "is that of chance" in " ".join(run.warnings)
