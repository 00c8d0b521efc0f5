import dataclasses

import numpy as np
import pytest
from filelock import FileLock

from croze.data import open_dataset
from croze.data.cached import cached
from croze.errors import CrozeError
from croze.pool import RESULT, folder_of_member
from croze.pool import read_result as read_result_of
from croze.pool.images import held_out, pool_images
from croze.pool.run import PoolPlan, Work, column_of, train_members
from croze.robustness.plan import plan_evaluation
from croze.scoring.population import draw
from croze.spaces import open_space
from croze.training import find_recipe

SETTINGS = (("cells", 1), ("channels", 4))
CELLS = tuple(draw(open_space("nasbench201", **dict(SETTINGS)), 3, 1))
RECIPE = find_recipe("standard", {"epochs": "2", "batch_size": "32"})
PLAN = plan_evaluation("fgsm", "16/255", "none", ["fgsm=20"], "fog@1")
COLUMNS = {"clean", "fgsm@16", "fog@1"}


def result(work, number):
    return read_result_of(folder_of_member(work.pool.folder, number), CELLS[number])


@pytest.fixture(scope="module")
def sets():
    dataset = cached(open_dataset("digits"), np.arange(400))
    return pool_images(dataset, None, validation=0.1, seed=0, images=200, test_images=40)


@pytest.fixture
def work(sets, tmp_path):
    return Work(
        PoolPlan(
            folder=tmp_path, space="nasbench201", settings=SETTINGS, recipe=RECIPE, plan=PLAN, seed=0,
            data="digits", images=200, test_data=None, test_images=40, workers=1,
        ),
        sets,
    )  # fmt: skip


def changed(work, **changes):
    """The same work, of a pool that differs."""
    return dataclasses.replace(work, pool=dataclasses.replace(work.pool, **changes))


def test_images_are_disjoint_and_balanced():
    dataset = open_dataset("digits")
    sets = pool_images(dataset, None, validation=0.1, seed=0)
    parts = [part.read(np.arange(len(part))).reshape(len(part), -1) for part in vars(sets).values()]
    assert sum(map(len, parts)) == len(dataset)
    assert len(np.unique(np.concatenate(parts), axis=0)) == len(
        np.unique(dataset.read(np.arange(len(dataset))).reshape(len(dataset), -1), axis=0)
    )
    assert len(parts[2]) == len(held_out(dataset, 0))
    few = pool_images(dataset, None, validation=0.1, seed=0, test_images=50)
    assert np.bincount(few.test.labels).tolist() == [5] * 10


def test_test_images_have_to_be_of_the_same_kind(tmp_path):
    dataset = open_dataset("digits")
    other = cached(dataset, np.arange(50))
    other.classes = 7
    with pytest.raises(CrozeError, match="7 classes"):
        pool_images(dataset, other, validation=0.1, seed=0)


def test_members_are_trained_once(work, sets):
    told = []
    assert train_members(work, CELLS, told=lambda done, number, found: told.append((done, number))) == []
    assert told == [(1, 0), (2, 1), (3, 2)]
    results = [result(work, number) for number in range(3)]
    for found, cell in zip(results, CELLS, strict=True):
        assert found.architecture == cell
        assert set(found.columns) == COLUMNS
        assert found.images == {"clean": 40, "fgsm@16": 20, "fog@1": 40}
        assert found.columns["fgsm@16"] <= 1
        assert 1 <= found.training["epoch"] <= 2
    again = []
    train_members(work, CELLS, told=lambda done, number, one: again.append(one))
    assert again == results


def test_an_interrupted_member_goes_on_to_the_same_end(work, tmp_path):
    class Killed(Exception):
        pass

    steps = []

    def stop(number, remark):
        steps.append(remark)
        if len(steps) == 8:  # in the second epoch
            raise Killed

    with pytest.raises(Killed):
        train_members(dataclasses.replace(work, tell=stop), CELLS[:1])
    assert result(work, 0) is None
    train_members(work, CELLS[:1])
    whole = changed(work, folder=tmp_path / "whole")
    train_members(whole, CELLS[:1])
    part, other = (result(one, 0) for one in (work, whole))
    assert part.columns == other.columns
    assert part.training["epoch"] == other.training["epoch"]


def test_another_attack_is_added_without_training(work):
    train_members(work, CELLS[:1])
    first = result(work, 0)
    weights = (folder_of_member(work.pool.folder, 0) / "best.safetensors").stat().st_mtime_ns
    more = changed(work, plan=plan_evaluation("fgsm,pgd", "16/255", "none", ["fgsm=20"], "fog@1"))
    train_members(more, CELLS[:1])
    second = result(work, 0)
    assert set(second.columns) == COLUMNS | {"pgd@16"}
    assert {name: second.columns[name] for name in COLUMNS} == dict(first.columns)
    assert second.training == first.training
    assert (folder_of_member(work.pool.folder, 0) / "best.safetensors").stat().st_mtime_ns == weights


def test_what_is_there_stays_and_other_limits_count(work):
    train_members(work, CELLS[:1])
    first = result(work, 0)
    other = changed(work, plan=plan_evaluation("fgsm", "16/255", "none", ["fgsm=30"], "fog@2"))
    train_members(other, CELLS[:1])
    second = result(work, 0)
    assert set(second.columns) == COLUMNS | {"fog@2"}
    assert second.images["fgsm@16"] == 30
    assert second.columns["fog@1"] == first.columns["fog@1"]


def test_results_of_other_architectures_are_not_taken(work):
    train_members(work, CELLS[:1])
    with pytest.raises(CrozeError, match="the pool has"):
        train_members(work, CELLS[1:2])


def test_a_test_set_of_training_images_is_refused():
    dataset = cached(open_dataset("digits"), np.arange(100))
    with pytest.raises(CrozeError, match="are training images as well"):
        pool_images(dataset, dataset, validation=0.1, seed=0)


def test_accuracies_outside_0_to_1_are_no_result(work):
    train_members(work, CELLS[:1])
    file = folder_of_member(work.pool.folder, 0) / RESULT
    file.write_text(file.read_text().replace('"clean": 0.', '"clean": 7.'))
    with pytest.raises(CrozeError, match=r"result.json cannot be read .*<= 1.0"):
        result(work, 0)


def test_a_member_that_another_process_is_at_is_left_to_it(work):
    place = folder_of_member(work.pool.folder, 1)
    place.mkdir(parents=True)
    with FileLock(place / ".lock"):
        assert train_members(work, CELLS[:2]) == [1]
    assert result(work, 1) is None
    assert train_members(work, CELLS[:2]) == []


def test_a_divergence_is_a_failure_not_a_number(work):
    wild = changed(
        work, recipe=find_recipe("standard", {"epochs": "2", "lr": "1e30", "clip": "0", "batch_size": "32"})
    )
    found = []
    train_members(wild, CELLS[:1], told=lambda done, number, one: found.append(one))
    assert "diverged" in found[0].failed
    assert found[0].columns == {}


def test_workers_give_the_same(work, tmp_path):
    train_members(work, CELLS[:2])
    other = changed(work, folder=tmp_path / "workers")
    train_members(other, CELLS[:2], workers=2)
    for number in range(2):
        one, two = (result(w, number) for w in (work, other))
        assert one.columns == two.columns


def test_names_of_columns():
    plan = plan_evaluation("fgsm,pgd(steps=50),cw-l2", "8/255,0.5/255", "0.5", [], "fog@3")
    names = [column_of(condition) for condition in plan.conditions]
    assert names[:-1] == [
        "clean", "fog@3", "fgsm@8", "fgsm@0.5", "fgsm@l2:0.5", "pgd(steps=50)@8", "pgd(steps=50)@0.5",
        "pgd(steps=50)@l2:0.5", "cw-l2@l2:0.5",
    ]  # fmt: skip
