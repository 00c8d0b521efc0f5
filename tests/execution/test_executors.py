import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import torch

from croze.errors import CrozeError
from croze.execution import Processes, Serial, make_executor

HERE = Path(__file__).parent


@pytest.fixture
def jobs(monkeypatch):
    monkeypatch.syspath_prepend(HERE)
    import executor_jobs

    return executor_jobs


@pytest.fixture(params=["serial", "processes"])
def make(request):
    """Makes an executor of either kind; all of them are closed in the end."""
    made = []

    def of(function):
        made.append(Serial(function) if request.param == "serial" else Processes(function, 2))
        return made[-1]

    yield of
    for executor in made:
        executor.close()


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_every_item_once_with_its_own_result(make, jobs):
    executor = make(jobs.double)
    done = list(executor.run(range(25)))
    assert sorted(done) == [(i, 2 * i) for i in range(25)]
    assert list(executor.run([])) == []
    assert list(executor.run(["again"])) == [("again", "againagain")]


def test_one_torch_thread_inside_and_the_callers_own_outside(make, jobs, two_threads):
    inside = []
    for _, count in make(jobs.threads).run(range(3)):
        inside.append(count)
        assert torch.get_num_threads() == 2
    assert inside == [1, 1, 1]
    assert torch.get_num_threads() == 2


def test_an_error_of_the_function_reaches_the_caller(make, jobs, two_threads):
    executor = make(jobs.odd_fails)
    with pytest.raises(ValueError, match="3 is odd"):
        list(executor.run([3]))
    assert torch.get_num_threads() == 2
    assert list(executor.run([4])) == [(4, 4)]


def test_a_run_may_be_left_half_way(make, jobs):
    executor = make(jobs.double)
    first = next(iter(executor.run(range(6))))
    assert first[1] == 2 * first[0]
    assert len(list(executor.run(range(3)))) == 3


def test_results_are_the_same_bit_for_bit(jobs, two_threads):
    seeds = list(range(12))
    serial = dict(Serial(jobs.total).run(seeds))
    pool = Processes(jobs.total, 2)
    try:
        parallel = dict(pool.run(seeds))
    finally:
        pool.close()
    assert parallel == serial
    assert len(set(serial.values())) == 12


def test_serial_is_lazy_and_in_order(jobs):
    seen = []
    run = Serial(seen.append).run([3, 1, 2])
    assert seen == []
    next(run)
    assert seen == [3]
    assert [item for item, _ in run] == [1, 2]
    assert seen == [3, 1, 2]


def test_work_is_done_in_workers_that_closing_ends(jobs):
    pool = Processes(jobs.process, 2)
    workers = {pid for _, pid in pool.run(range(12))}
    assert os.getpid() not in workers
    assert len(workers) == 2
    assert all(map(alive, workers))
    pool.close()
    assert not any(map(alive, workers))
    pool.close()


@pytest.mark.parametrize("death", ["odd_kills", "odd_exits"])
def test_a_worker_that_dies_is_an_error_that_says_what_to_do(jobs, death):
    pool = Processes(getattr(jobs, death), 2)
    try:
        assert list(pool.run([2])) == [(2, 2)]
        with pytest.raises(CrozeError, match=r"worker process died.*same command.*fewer workers"):
            list(pool.run([1, 4, 6]))
        with pytest.raises(CrozeError, match="worker process died"):
            list(pool.run([8]))
    finally:
        pool.close()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")
def test_workers_end_when_their_parent_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent(
            """
            import os, time
            from croze.execution import Processes

            def job(item):
                if item >= 2:
                    time.sleep(600)
                time.sleep(0.3)
                return os.getpid()

            if __name__ == "__main__":
                pool = Processes(job, 2)
                pids = set()
                while len(pids) < 2:
                    pids |= {pid for _, pid in pool.run([0, 1])}
                print(*pids, flush=True)
                list(pool.run([2]))  # one worker is busy, the other waits
            """
        )
    )
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    try:
        workers = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(workers) == 2
        time.sleep(0.5)
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
        assert set(workers) <= set(map(int, children))
        assert all(map(alive, workers))
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
    deadline = time.monotonic() + 10
    while any(alive(int(pid)) for pid in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in children if alive(int(pid))]


def test_one_worker_is_serial_and_none_is_one_a_core(jobs, monkeypatch):
    assert isinstance(make_executor(jobs.double, 1), Serial)
    for workers, cores in ((2, 1), (0, 3)):
        monkeypatch.setattr("croze.execution.usable_cores", lambda cores=cores: cores)
        pool = make_executor(jobs.double, workers)
        assert isinstance(pool, Processes)
        assert pool._pool._max_workers == (workers or cores)
        pool.close()
    monkeypatch.setattr("croze.execution.usable_cores", lambda: 1)
    assert isinstance(make_executor(jobs.double, 0), Serial)
    with pytest.raises(CrozeError, match="got -1"):
        make_executor(jobs.double, -1)
