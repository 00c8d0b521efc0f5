from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.nn import functional

from croze.errors import CrozeError
from croze.robustness.attacks import Trajectory, collect_weights, find_attack

SETTINGS = {"epochs": 3, "per_epoch": 2, "lr": 0.05, "seed": 4}


class Interrupted(Exception):
    pass


def same(one, other):
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

    def stop(done):
        if done == 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        collect_weights(network, training_batches, folder=tmp_path, on_epoch=stop, **SETTINGS)
    epochs = []
    rest = collect_weights(network, training_batches, folder=tmp_path, on_epoch=epochs.append, **SETTINGS)
    assert epochs == [3]
    assert same(rest, whole)
    assert same(Trajectory.load(tmp_path), whole)
    assert same(collect_weights(network, training_batches, folder=tmp_path, **SETTINGS), whole)
    with pytest.raises(CrozeError, match="from another model or with other settings: name another folder"):
        collect_weights(network, training_batches, folder=tmp_path, **{**SETTINGS, "lr": 0.1})


def test_saved_and_loaded(standard_network, training_batches, digit_scans, tmp_path):
    images, labels = digit_scans.batch(16)
    attack = find_attack("lgv(epochs=1,per_epoch=2,steps=5)").prepare(standard_network, training_batches)
    attack.trajectory.save(tmp_path / "weights")
    loaded = find_attack("lgv(epochs=1,per_epoch=2,steps=5)").along(Trajectory.load(tmp_path / "weights"))
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
    with pytest.raises(CrozeError, match="belong to another architecture, they differ from the model in"):
        find_attack("lgv").along(attack.trajectory)(other, images, labels, epsilon=0.1)


def test_errors(standard_network, training_batches, tmp_path):
    with pytest.raises(CrozeError, match="An epoch of 21 steps cannot give 30 weights"):
        collect_weights(standard_network, training_batches, per_epoch=30)
    with pytest.raises(CrozeError, match="diverged in epoch 1: lower lr"):
        collect_weights(standard_network, training_batches, lr=1e30)
    with pytest.raises(CrozeError, match="No collected weights in"):
        Trajectory.load(tmp_path)
    with pytest.raises(CrozeError, match="needs weights, got none"):
        Trajectory([])
    (tmp_path / "weights-0000.safetensors").write_bytes(b"broken")
    with pytest.raises(CrozeError, match="cannot be read as safetensors"):
        Trajectory.load(tmp_path)[0]


def test_only_lgv_learns(standard_network, training_batches):
    attack = find_attack("pgd")
    assert attack.prepare(standard_network, training_batches) is attack
