"""What holds for every executor in this process or in others, and how one is chosen."""

import pytest
import torch

from croze.errors import CrozeError
from croze.scoring.execution import Processes, Serial, make_executor


@pytest.fixture(params=["serial", "processes"])
def make(request):
    """Makes an executor of either kind."""
    return Serial if request.param == "serial" else request.getfixturevalue("share")


def test_every_item_once_with_its_own_result(make, jobs, results_of):
    executor = make(jobs.double)
    assert list(executor.results()) == []
    assert sorted(results_of(executor, range(25))) == [(i, 2 * i) for i in range(25)]
    assert list(executor.results()) == []
    assert results_of(executor, ["again", "again"]) == [("again", "againagain")] * 2


def test_more_may_be_submitted_between_results(make, jobs):
    executor = make(jobs.double)
    executor.submit(0)
    found = []
    for item, result in executor.results():
        found.append((item, result))
        if item < 20:
            executor.submit(2 * item + 1)
            executor.submit(2 * item + 2)
    assert sorted(found) == [(i, 2 * i) for i in range(41)]


def test_what_is_left_half_way_is_handed_out_by_the_next_call(make, jobs, results_of):
    executor = make(jobs.double)
    for item in range(6):
        executor.submit(item)
    first = next(executor.results())
    rest = results_of(executor, [6])
    assert sorted([first, *rest]) == [(i, 2 * i) for i in range(7)]


def test_one_torch_thread_inside_and_the_callers_own_outside(make, jobs, two_threads):
    executor = make(jobs.threads)
    for item in range(3):
        executor.submit(item)
    inside = []
    for _, count in executor.results():
        inside.append(count)
        assert torch.get_num_threads() == 2
    assert inside == [1, 1, 1]
    assert torch.get_num_threads() == 2


def test_an_error_of_the_function_reaches_the_caller_and_ends_nothing(make, jobs, two_threads):
    executor = make(jobs.odd_fails)
    for item in (3, 4, 6):
        executor.submit(item)
    found = []
    with pytest.raises(ValueError, match="3 is odd"):
        found.extend(executor.results())
    assert torch.get_num_threads() == 2
    found.extend(executor.results())
    assert sorted(found) == [(4, 4), (6, 6)]


def test_serial_is_lazy_and_in_order(jobs):
    seen = []
    executor = Serial(seen.append)
    for item in (3, 1, 2):
        executor.submit(item)
    results = executor.results()
    assert seen == []
    assert next(results) == (3, None)
    assert seen == [3]
    assert [item for item, _ in results] == [1, 2]
    assert seen == [3, 1, 2]
    executor.submit(4)
    executor.close()
    assert list(executor.results()) == []
    assert seen == [3, 1, 2]


def test_serial_computes_on_the_first_device(jobs):
    executor = Serial(jobs.Where(), ("fake:3", "fake:4"))
    executor.submit(0)
    [(_, (way, _, _))] = executor.results()
    assert way == ("fake:3",)
    with pytest.raises(CrozeError, match="compute on fake:3 a function needs a method on"):
        Serial(jobs.double, ("fake:3",))


@pytest.mark.parametrize(
    ("workers", "cores", "devices", "size"),
    [(2, 1, (), 2), (0, 3, (), 3), (0, 8, ("a:0", "a:1"), 2), (4, 1, ("a:0", "a:1"), 4), (2, 1, ("a:0",), 2)],
)
def test_processes_for_several_workers_and_0_is_one_a_core_or_device(
    jobs, monkeypatch, workers, cores, devices, size
):
    monkeypatch.setattr("croze.scoring.execution.usable_cores", lambda: cores)
    made = []
    monkeypatch.setattr("croze.scoring.execution.Processes", lambda *given: made.append(given))
    where = jobs.Where()
    make_executor(where, workers, devices=devices, lost=str)
    assert made == [(where, size, devices, str)]


def test_serial_for_one_worker(jobs, monkeypatch):
    assert isinstance(make_executor(jobs.double, 1), Serial)
    assert isinstance(make_executor(jobs.Where(), 0, devices=("a:0",)), Serial)
    monkeypatch.setattr("croze.scoring.execution.usable_cores", lambda: 1)
    assert isinstance(make_executor(jobs.double, 0), Serial)
    with pytest.raises(CrozeError, match="got -1"):
        make_executor(jobs.double, -1)
    with pytest.raises(CrozeError, match="at least 1 worker process, got 0"):
        Processes(jobs.double, 0)
