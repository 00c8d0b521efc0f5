import json
import shutil

import pytest
import torch
from safetensors import safe_open
from torch import nn

from croze.errors import CrozeError
from croze.nn.seeding import seeded
from croze.spaces import open_space
from croze.spaces.genotypes import find
from croze.training import BEST, STATE, Diverged, Recipe, find_recipe, fit
from croze.training.loop import validate
from croze.training.run import write_events

SHORT = {"epochs": "2", "batch_size": "32", "validation_steps": "2", "clip": "0"}


class Killed(Exception):
    pass


def kill_after(steps):
    def watch(place, total, loss):
        nonlocal steps
        steps -= 1
        if steps == 0:
            raise Killed

    return watch


def tensors(path):
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert torch.equal(one[name], other[name]), name


@pytest.mark.parametrize("name", ["standard", "pgd", "trades", "fast"])
def test_interrupted_anywhere_it_comes_to_the_same_bits(name, small, images, tmp_path):
    recipe = find_recipe(name, SHORT)
    whole = fit(small(), *images, recipe, tmp_path / "whole")
    for steps in (3, 9):  # in the first and in the second epoch, of 7 steps each
        folder = tmp_path / f"killed{steps}"
        with pytest.raises(Killed):
            fit(small(), *images, recipe, folder, checkpoint_seconds=0, watch=kill_after(steps))
        # a network from another seed: nothing of it may remain
        resumed = fit(small(seed=1), *images, recipe, folder)
        assert resumed.history == whole.history
        same(tensors(folder / STATE), tensors(tmp_path / "whole" / STATE))
        same(tensors(folder / BEST), tensors(tmp_path / "whole" / BEST))


def test_drop_path_and_auxiliary_head_resume_as_well(images, tmp_path):
    space, architecture = find("DARTS-V2")

    def build(seed):
        return open_space(space, layers=3, channels=2, auxiliary=True).build(
            architecture, classes=10, seed=seed
        )

    recipe = find_recipe("standard", {"epochs": "1", "batch_size": "48", "drop_path": "0.5"})
    whole = fit(build(0), *images, recipe, tmp_path / "whole")
    with pytest.raises(Killed):
        fit(build(0), *images, recipe, tmp_path / "part", checkpoint_seconds=0, watch=kill_after(3))
    assert fit(build(1), *images, recipe, tmp_path / "part").history == whole.history


def test_what_is_finished_is_not_done_again(small, images, tmp_path):
    recipe = find_recipe("standard", SHORT)
    first = fit(small(), *images, recipe, tmp_path)
    steps = []
    again = fit(small(), *images, recipe, tmp_path, watch=lambda *a: steps.append(a))
    assert not steps
    assert again.history == first.history
    same(dict(again.model.state_dict()), dict(first.model.state_dict()))


def test_the_best_epoch_is_kept(small, images, tmp_path):
    recipe = find_recipe("standard", SHORT | {"epochs": "5", "lr": "0.3"})
    found = fit(small(), *images, recipe, tmp_path)
    figures = [row["validation_clean"] for row in found.history]
    assert found.epoch == figures.index(max(figures)) + 1
    rows = range(len(images[1]))
    x = torch.from_numpy(images[1].read(list(rows))).float() / 255
    with torch.no_grad():
        right = (found.model(x).argmax(1) == torch.tensor(images[1].labels.tolist())).float().mean()
    assert right.item() == pytest.approx(max(figures))
    assert not found.model.training


def test_the_seed_decides_and_global_randomness_stays(small, images, tmp_path):
    recipe = find_recipe("pgd", SHORT | {"epochs": "1"})
    with seeded(5):
        state = torch.get_rng_state()
        one = fit(small(), *images, recipe, tmp_path / "1", seed=3)
        assert torch.equal(torch.get_rng_state(), state)
    other = fit(small(), *images, recipe, tmp_path / "2", seed=4)
    assert one.history != other.history


def test_it_learns_and_adversarial_training_is_more_robust(small, images, tmp_path):
    changes = {
        "epochs": "25",
        "batch_size": "32",
        "epsilon": "24/255",
        "augment": "no",
        "validation_steps": "10",
    }
    pgd = fit(small(), *images, find_recipe("pgd", changes | {"steps": "4"}), tmp_path / "pgd")
    standard = fit(small(), *images, find_recipe("standard", changes), tmp_path / "standard")

    by = find_recipe("pgd", changes)
    robust, plain = (
        validate(found.model, images[1], by, torch.device("cpu"), 0) for found in (pgd, standard)
    )
    assert plain.clean > 0.8
    assert robust.adversarial > plain.adversarial + 0.1


def test_divergence_is_a_sentence_and_the_last_good_state_stays(small, images, tmp_path):
    recipe = find_recipe("standard", SHORT | {"lr": "1e30"})
    with pytest.raises(Diverged, match=r"diverged in epoch 1, step \d+: the loss is"):
        fit(small(), *images, recipe, tmp_path, checkpoint_seconds=0)
    if (tmp_path / STATE).exists():
        with safe_open(tmp_path / STATE, framework="pt") as file:
            assert json.loads(file.metadata()["croze"])["epoch"] == 0


@pytest.mark.parametrize("file", [STATE, BEST])
def test_damaged_files_are_named(small, images, tmp_path, file):
    recipe = find_recipe("standard", SHORT)
    fit(small(), *images, recipe, tmp_path)
    path = tmp_path / file
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CrozeError, match=f"{file} cannot be read as safetensors"):
        fit(small(), *images, recipe, tmp_path)


def test_another_architecture_and_nan_are_refused(small, images, tmp_path):
    recipe = find_recipe("standard", SHORT)
    fit(small(), *images, recipe, tmp_path)
    narrow = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10))
    with pytest.raises(CrozeError, match="of another architecture than the narrow one"):
        fit(narrow, *images, recipe, tmp_path, title="the narrow one")
    from croze.training.state import load_weights, save_weights

    model = small()
    with torch.no_grad():
        model[0].weight[0, 0, 0, 0] = float("nan")
    save_weights(tmp_path / "nan.safetensors", model, {})
    with pytest.raises(CrozeError, match=r"not finite \(0.weight\)"):
        load_weights(tmp_path / "nan.safetensors", small(), "it")


def test_classes_have_to_fit(small, images, tmp_path):
    with pytest.raises(CrozeError, match="gives 7 logits, but digits has 10 classes"):
        fit(small(classes=7), *images, Recipe(), tmp_path)
    with pytest.raises(CrozeError, match="does not take images of 3 x 32 x 32"):
        fit(nn.Linear(5, 10), *images, Recipe(), tmp_path)


def test_mixed_precision_is_for_cuda(small, images, tmp_path):
    with pytest.raises(CrozeError, match="CUDA"):
        fit(small(), *images, Recipe(), tmp_path, mixed_precision=True)


def test_the_curve_for_tensorboard(small, images, tmp_path):
    found = fit(small(), *images, find_recipe("fast", SHORT), tmp_path / "run")
    write_events(tmp_path / "events", found.history[:1])
    write_events(tmp_path / "events", found.history)
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "events")).Reload()
    assert [e.step for e in events.Scalars("loss")] == [1, 2]
    assert events.Scalars("validation_clean")[1].value == pytest.approx(found.history[1]["validation_clean"])
    shutil.rmtree(tmp_path / "events")
