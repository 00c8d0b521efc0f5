import json

import pytest
import torch

from croze.errors import CrozeError
from croze.training import find_recipe, in_pixels, train
from croze.training.folder import DESCRIPTION, describe, load_trained, read_description
from croze.training.network import NetworkSpec

CELL = "|skip_connect~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|nor_conv_3x3~2|"
RECIPE = {"epochs": "1", "batch_size": "64"}


def begin(folder, images, seed=0, recipe="standard", changes=RECIPE, channels=4):
    subject = NetworkSpec.from_space(CELL, channels=channels, cells=1)
    network = subject.build(10, seed)
    chosen = find_recipe(recipe, changes)
    describe(subject, in_pixels(network, images[0]), *images, chosen, seed).write(folder)
    return network, chosen


def test_what_is_trained_can_be_loaded(tmp_path, images):
    network, recipe = begin(tmp_path, images)
    with pytest.raises(CrozeError, match="has finished no epoch"):
        load_trained(tmp_path)
    found = train(network, *images, recipe, tmp_path)
    model, description = load_trained(tmp_path)
    x = torch.rand(4, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(model(x), found.model.to(memory_format=torch.contiguous_format)(x))
    assert not model.training
    assert (description.classes, description.seed, description.data) == (10, 0, "digits")


def test_the_same_training_goes_on(tmp_path, images):
    begin(tmp_path, images)
    begin(tmp_path, images)


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"seed": 1}, "seed"),
        ({"recipe": "fast"}, r"recipe \(method, step, steps\)"),
        ({"changes": RECIPE | {"lr": "0.2"}}, r"recipe \(lr\)"),
        ({"channels": 8}, r"subject \(settings\)"),
    ],
)
def test_another_training_is_told_apart(tmp_path, images, other, says):
    begin(tmp_path, images)
    with pytest.raises(CrozeError, match=f"differs in {says}: name another folder"):
        begin(tmp_path, images, **other)


def test_other_images_are_told_apart(tmp_path, images):
    begin(tmp_path, images)
    with pytest.raises(CrozeError, match="differs in images"):
        begin(tmp_path, images[::-1])


def test_what_is_no_training(tmp_path):
    with pytest.raises(CrozeError, match="folder of a training"):
        read_description(tmp_path)
    (tmp_path / DESCRIPTION).write_text("{}")
    with pytest.raises(CrozeError, match="no description of a training"):
        read_description(tmp_path)


def test_a_later_version_is_told(tmp_path, images):
    begin(tmp_path, images)
    path = tmp_path / DESCRIPTION
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 99}))
    with pytest.raises(CrozeError, match="of version 99"):
        read_description(tmp_path)
