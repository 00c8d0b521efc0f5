from copy import deepcopy
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

from croze.errors import CrozeError
from croze.nn.tensor_file import read_tensors
from croze.robustness.attacks import find_attack
from croze.robustness.attacks.lgv import collect_weights

SETTINGS = {"epochs": 3, "per_epoch": 2, "lr": 0.05, "seed": 4}


class Interrupted(Exception):
    pass


def read(weights):
    return [read_tensors(one, "it")[0] if isinstance(one, Path) else one for one in weights]


def same(one, other):
    one, other = read(one), read(other)
    return len(one) == len(other) and all(
        a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)
        for a, b in zip(one, other, strict=True)
    )


def test_weights_are_those_of_plain_sgd(standard_network, training_batches):
    before = deepcopy(standard_network.state_dict())
    state = torch.get_rng_state()
    found = collect_weights(standard_network, training_batches, epochs=1, per_epoch=3, lr=0.05)
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(before[k], v) for k, v in standard_network.state_dict().items())
    assert not standard_network.training
    student = deepcopy(standard_network).train()
    optimizer = torch.optim.SGD(student.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    expected = []
    for step in range(training_batches.steps):
        images, labels = training_batches(0, step)
        optimizer.zero_grad()
        functional.cross_entropy(student(images), labels).backward()
        optimizer.step()
        if step + 1 in (7, 14, 21):
            expected.append(deepcopy(student.state_dict()))
    assert training_batches.steps == 21
    assert same(list(found), expected)
    assert not torch.equal(found[0]["network.0.weight"], found[2]["network.0.weight"])


def test_what_was_interrupted_goes_on(standard_network, training_batches, tmp_path):
    network = deepcopy(standard_network)
    network.network.insert(9, nn.Dropout(0.1))
    whole = collect_weights(network, training_batches, **SETTINGS)

    class Watched:
        steps = training_batches.steps

        def __init__(self, end=None):
            self.epochs, self.end = set(), end

        def __call__(self, epoch, step):
            if epoch == self.end:
                raise Interrupted
            self.epochs.add(epoch)
            return training_batches(epoch, step)

    with pytest.raises(Interrupted):
        collect_weights(network, Watched(end=2), folder=tmp_path, **SETTINGS)
    watched = Watched()
    rest = collect_weights(network, watched, folder=tmp_path, **SETTINGS)
    assert watched.epochs == {2}
    assert all(isinstance(one, Path) for one in rest)
    assert same(rest, whole)
    assert same(collect_weights(network, training_batches, folder=tmp_path, **SETTINGS), whole)
    with pytest.raises(CrozeError, match="from another model or with other settings: name another folder"):
        collect_weights(network, training_batches, folder=tmp_path, **{**SETTINGS, "lr": 0.1})


def test_weights_in_files_are_as_good(standard_network, training_batches, digit_scans, tmp_path):
    images, labels = digit_scans.batch(16)
    unprepared = find_attack("lgv(epochs=1,per_epoch=2,steps=5)")
    attack = unprepared.prepare(standard_network, training_batches)
    loaded = unprepared.prepare(standard_network, training_batches, folder=tmp_path)
    both = [a(standard_network, images, labels, epsilon=0.03).images for a in (attack, loaded)]
    assert torch.equal(*both)
    assert attack.spec == loaded.spec == "lgv(steps=5,epochs=1,per_epoch=2)"


def test_it_transfers_between_architectures(robust_network, training_batches, digit_scans):
    images, labels = digit_scans.batch(60)
    attack = find_attack("lgv(epochs=2,steps=20)").prepare(robust_network, training_batches)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        other = nn.Sequential(
            nn.Conv2d(3, 12, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv2d(12, 24, 5, stride=4, padding=2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(384, 10),
        )
    optimizer = torch.optim.Adam(other.parameters(), 1e-3)
    for epoch in range(6):
        for step in range(training_batches.steps):
            x, y = training_batches(epoch, step)
            optimizer.zero_grad()
            functional.cross_entropy(other(x), y).backward()
            optimizer.step()
    found = attack(other, images, labels, epsilon=0.3)
    assert found.clean_correct.double().mean() > 0.9
    signs = 2.0 * torch.randint(0, 2, images.shape, generator=torch.Generator().manual_seed(0)) - 1
    with torch.no_grad():
        noisy = (other((images + 0.3 * signs).clamp(0, 1)).argmax(1) == labels).double().mean()
    assert found.accuracy < noisy - 0.1, "no better than noise"
    with pytest.raises(CrozeError, match="needs weights from training data first"):
        find_attack("lgv")(other, images, labels, epsilon=0.1)


def test_errors(standard_network, training_batches, tmp_path):
    with pytest.raises(CrozeError, match="An epoch of 21 steps cannot give 30 weights"):
        collect_weights(standard_network, training_batches, per_epoch=30)
    with pytest.raises(CrozeError, match="diverged in epoch 1: lower lr"):
        collect_weights(standard_network, training_batches, lr=1e30)
    (tmp_path / "state.safetensors").write_bytes(b"broken")
    with pytest.raises(CrozeError, match="cannot be read as safetensors"):
        collect_weights(standard_network, training_batches, folder=tmp_path)


def test_only_lgv_learns(standard_network, training_batches):
    attack = find_attack("pgd")
    assert attack.prepare(standard_network, training_batches) is attack
