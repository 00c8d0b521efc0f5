import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from croze.errors import CrozeError
from croze.scoring.execution import Processes, Serial

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")


@pytest.fixture
def make():
    """Makes worker processes that are ended when the test is over."""
    made = []

    def of(function, workers=2, *more):
        made.append(Processes(function, workers, *more))
        return made[-1]

    yield of
    for executor in made:
        executor.close()


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def until(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_results_are_the_same_bit_for_bit(make, share, jobs, results_of, two_threads):
    seeds = list(range(24))
    serial = dict(results_of(Serial(jobs.total), seeds))
    assert dict(results_of(share(jobs.total), seeds)) == serial
    assert dict(results_of(make(jobs.total, 4), seeds)) == serial
    assert len(set(serial.values())) == 24


@needs_proc
def test_work_is_done_in_workers_that_closing_ends(make, jobs, results_of, tmp_path):
    pool = make(jobs.Loaded(str(tmp_path)))
    workers = {pid for _, pid in results_of(pool, range(60))}
    assert os.getpid() not in workers
    assert len(workers) == len(list(tmp_path.iterdir())) == 2  # each took the function up once
    assert all(map(alive, workers))
    pool.close()
    assert not any(map(alive, workers))
    pool.close()
    assert [item for item, _ in results_of(pool, [4])] == [4]  # it begins anew


def test_workers_go_on_while_the_caller_is_busy(make, jobs, tmp_path):
    job = jobs.Logged(tmp_path)
    pool = make(job)
    for number in range(30):
        pool.submit(number)
    assert until(lambda: len(job.attempts()) == 30)  # nobody has asked for a result
    assert sorted(pool.results()) == [(i, 2 * i) for i in range(30)]


@needs_proc
def test_a_hundred_thousand_may_wait_and_are_dropped_at_once(make, jobs, tmp_path):
    job = jobs.Logged(tmp_path, seconds=600)
    pool = make(job)
    start = time.monotonic()
    for number in range(100_000):
        pool.submit(number)
    submitted = time.monotonic() - start
    assert until(lambda: len(job.attempts()) == 2)
    start = time.monotonic()
    pool.close()
    assert time.monotonic() - start < 5
    assert submitted < 10
    assert not any(alive(pid) for attempts in job.attempts().values() for _, _, pid in attempts)


def test_an_item_whose_worker_dies_once_is_tried_again_alone(make, jobs, results_of, tmp_path):
    job = jobs.Logged(tmp_path, deaths=1, seconds=0.1)
    numbers = [0, 2, 4, 5, 6, 8, 10, 12, 14, 16, 18, 20]
    found = results_of(make(job, 2, (), lambda number: "lost"), numbers)
    assert sorted(found) == [(i, 2 * i) for i in numbers]
    attempts = job.attempts()
    assert {number: len(tries) for number, tries in attempts.items()} == dict.fromkeys(numbers, 1) | {5: 2}
    start, end, _ = attempts[5][1]
    others = [span for number, tries in attempts.items() if number != 5 for span in tries]
    assert not [span for span in others if span[0] < end and span[1] > start]


def test_an_item_that_no_worker_survives_is_lost_and_the_others_are_not(make, jobs, results_of, tmp_path):
    job = jobs.Logged(tmp_path, deaths=9, how="exit")
    numbers = [0, 1, 2, 4, 6]
    found = results_of(make(job, 2, (), lambda number: f"lost {number}"), numbers)
    assert sorted(map(str, found)) == ["(0, 0)", "(1, 'lost 1')", "(2, 4)", "(4, 8)", "(6, 12)"]
    assert {i: len(tries) for i, tries in job.attempts().items()} == dict.fromkeys(numbers, 1) | {1: 2}


def test_a_lost_item_is_an_error_that_says_what_to_do_where_nothing_stands_for_it(make, jobs, tmp_path):
    pool = make(jobs.Logged(tmp_path, deaths=9), 1)
    for number in (2, 3, 4):
        pool.submit(number)
    found = []
    with pytest.raises(CrozeError, match=r"worker process died.*same command.*fewer workers"):
        found.extend(pool.results())
    pool.submit(6)
    found.extend(pool.results())
    assert sorted(found) == [(2, 4), (4, 8), (6, 12)]


@needs_proc
@pytest.mark.slow
def test_an_idle_worker_that_is_killed_is_replaced(make, jobs, results_of):
    pool = make(jobs.process)
    workers = {pid for _, pid in results_of(pool, range(20))}
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    assert until(lambda: not any(map(alive, workers)))
    replaced = {pid for _, pid in results_of(pool, range(20))}
    assert replaced
    assert not replaced & workers


def test_workers_take_devices_in_turn_and_keep_them_when_replaced(make, jobs, results_of):
    pool = make(jobs.Where(), 3, ("fake:0", "fake:1"), lambda item: None)

    def workers():
        found = {}
        while len(found) < 3:
            found = {pid: way for _, (way, pid, _) in results_of(pool, range(9))}
        return found

    before = workers()
    # main memory first: what travels must not open a device of its own
    assert sorted(before.values()) == [("cpu", "fake:0"), ("cpu", "fake:0"), ("cpu", "fake:1")]
    assert results_of(pool, ["die"]) == [("die", None)]
    after = workers()
    assert sorted(after.values()) == sorted(before.values())
    assert len(after.keys() & before.keys()) == 1
    with pytest.raises(CrozeError, match=r"compute on cpu a function needs a method on\(device\)"):
        make(jobs.double, 2, ("cpu",))


def test_what_does_not_travel_fails_by_itself(make, share, jobs, results_of):
    with pytest.raises(CrozeError, match=r"cannot be sent to worker processes \(.*\): use one worker"):
        make(lambda item: item)
    pool = share(jobs.does_not_travel)
    with pytest.raises(RuntimeError, match="NeedsTwo: this and that") as caught:
        results_of(pool, ["exception"])
    assert "in does_not_travel" in caught.value.__notes__[0]
    with pytest.raises(Exception, match=r"pickle.*lambda"):
        results_of(pool, ["result"])
    with pytest.raises(Exception, match=r"pickle.*lambda"):
        results_of(pool, [lambda: "item"])


def test_a_function_that_cannot_be_taken_up_ends_it(make, jobs, results_of):
    pool = make(jobs.Loaded("raise"), 1)
    with pytest.raises(CrozeError, match=r"could not take up its work \(FileNotFoundError: weights.pt\)"):
        results_of(pool, range(5))
    assert list(pool.results()) == []


@pytest.mark.slow
def test_workers_that_die_before_they_work_are_not_replaced_for_ever(make, jobs, results_of):
    pool = make(jobs.Loaded("exit"), 1)
    with pytest.raises(CrozeError, match=r"worker processes in a row ended before they took up work.*code 7"):
        results_of(pool, range(5))
    assert list(pool.results()) == []


def run_script(tmp_path, text):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(text))
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


@pytest.mark.slow
def test_a_script_without_the_guard_of_its_main_part_is_told(tmp_path):
    script = run_script(
        tmp_path,
        """
        from croze.scoring.execution import Processes
        pool = Processes(abs, 2)
        pool.submit(1)
        print(list(pool.results()))
        """,
    )
    out, err = script.communicate(timeout=120)
    assert (script.returncode, out) == (1, "")
    assert 'start under `if __name__ == "__main__":`' in err.strip().splitlines()[-1]


WAITING = """
    import os, sys, time
    from croze.scoring.execution import Processes

    def job(item):
        print(os.getpid(), flush=True)
        time.sleep(item)

    if __name__ == "__main__":
        pool = Processes(job, 2)
        try:
            for _ in range(3):
                pool.submit({seconds})
            print("submitted", flush=True)
            {then}
        except KeyboardInterrupt:
            print("interrupted", flush=True)
            pool.close()
"""


@needs_proc
@pytest.mark.parametrize("moment", ["at work", "starting"])
def test_an_interrupt_is_answered_by_the_parent_alone(interrupts, tmp_path, descendants_of, moment):
    script = run_script(tmp_path, WAITING.format(seconds=600, then="list(pool.results())"))
    assert script.stdout.readline() == "submitted\n"
    if moment == "at work":
        assert sorted(alive(int(script.stdout.readline())) for _ in range(2)) == [True, True]
    else:
        assert until(lambda: len(descendants_of(script.pid)) >= 3)  # workers among them
    os.killpg(script.pid, signal.SIGINT)
    out, err = script.communicate(timeout=60)
    assert (out, err, script.returncode) == ("interrupted\n", "", 0)


def test_a_program_ends_although_it_closed_nothing(tmp_path):
    script = run_script(tmp_path, WAITING.format(seconds=600, then="time.sleep(3)"))
    out, err = script.communicate(timeout=60)
    assert out.startswith("submitted\n")
    assert (err, script.returncode) == ("", 0)


@needs_proc
def test_workers_end_when_their_parent_is_killed(tmp_path, descendants_of):
    script = run_script(tmp_path, WAITING.format(seconds=600, then="list(pool.results())"))
    try:
        assert script.stdout.readline() == "submitted\n"
        workers = [int(script.stdout.readline()) for _ in range(2)]
        started = descendants_of(script.pid)
        assert set(workers) <= started
        assert all(map(alive, workers))
    finally:
        script.send_signal(signal.SIGKILL)
        script.communicate()
    assert until(lambda: not any(map(alive, started)), 10)
