"""On a real cluster of two nodes on this machine; the functions travel, for no worker could import them."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import ray

from croze.errors import CrozeError
from croze.scoring.execution import RayExecutor, Serial, make_executor
from croze.user_code import MARK

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def cluster():
    """A head with one core, and a node with two and what passes for a GPU; that one may die."""
    from ray.cluster_utils import Cluster

    def start(tries=3):
        made = Cluster()
        try:
            made.add_node(num_cpus=1, include_dashboard=False)
            made.doomed = made.add_node(num_cpus=2, num_gpus=1)
        except Exception:  # Ray gives a node 15 seconds to come up, which may not do where much else runs
            made.shutdown()
            if tries == 1:
                raise
            return start(tries - 1)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        made = start()
        try:
            yield made
        finally:
            ray.shutdown()
            made.shutdown()


@pytest.fixture
def sent_jobs(jobs, monkeypatch):
    """The functions, marked as the code of a user, which is on no other machine."""
    monkeypatch.setattr(jobs, MARK, True, raising=False)
    return jobs


@pytest.fixture(scope="module")
def connected(cluster):
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    vars(ray._private.worker)["_worker_logs_enabled"] = False  # a page for every death


@pytest.fixture
def make(connected, cluster):
    """Makes executors on the connection of this module; all of them are closed in the end."""
    made = []

    def of(function, lost=None, **more):
        made.append(RayExecutor(function, cluster.address, more.pop("devices", ()), lost, **more))
        return made[-1]

    yield of
    for executor in made:
        executor.close()
    assert ray.is_initialized()  # an executor leaves alone what it has not opened


def send(number, processes):
    for pid in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def importable(item):
    import importlib.util

    return importlib.util.find_spec("executor_jobs") is not None


def test_results_are_those_of_one_process_bit_for_bit(make, sent_jobs, results_of, two_threads):
    seeds = list(range(12))
    serial = dict(results_of(Serial(sent_jobs.total), seeds))
    executor = make(sent_jobs.total)
    found = results_of(executor, seeds)
    assert len(found) == 12
    assert dict(found) == serial
    assert list(executor.results()) == []


def test_a_users_file_is_not_there_and_travels(make, results_of, monkeypatch):
    monkeypatch.setattr(sys.modules[importable.__module__], MARK, True, raising=False)
    assert results_of(make(importable), [0]) == [(0, False)]


def test_one_torch_thread_in_a_worker(make, sent_jobs, results_of):
    assert results_of(make(sent_jobs.threads), [0]) == [(0, 1)]


def test_more_is_submitted_between_results_and_the_rest_handed_out_by_the_next_call(make, sent_jobs):
    executor = make(sent_jobs.double)
    executor.submit(0)
    found = []
    for item, result in executor.results():
        found.append((item, result))
        if item < 10:
            executor.submit(2 * item + 1)
            executor.submit(2 * item + 2)
        else:
            break
    left = len(found)
    for item, result in executor.results():
        found.append((item, result))
        if item < 10:
            executor.submit(2 * item + 1)
            executor.submit(2 * item + 2)
    assert left < 21
    assert sorted(found) == [(i, 2 * i) for i in range(21)]
    executor.submit(7)
    assert list(executor.results()) == [(7, 14)]


def test_an_error_of_the_function_reaches_the_caller_and_ends_nothing(make, sent_jobs):
    executor = make(sent_jobs.odd_fails)
    for item in (3, 4, 6):
        executor.submit(item)
    found = []
    with pytest.raises(ValueError, match="3 is odd") as caught:
        found.extend(executor.results())
    assert "in odd_fails" in caught.value.__notes__[0]
    found.extend(executor.results())
    assert sorted(found) == [(4, 4), (6, 6)]


def test_what_cannot_be_sent_or_taken_up_is_one_sentence(make, sent_jobs, results_of):
    with pytest.raises(CrozeError, match=r"cannot be sent to Ray \(.*\): use worker processes"):
        make(threading.Lock())
    with pytest.raises(CrozeError, match=r"could not take up its work \(.*weights.pt"):
        results_of(make(sent_jobs.Loaded("raise")), [0])


def test_a_worker_that_dies_is_tried_again_and_given_up_the_second_time(
    make, sent_jobs, results_of, tmp_path
):
    job = sent_jobs.Logged(tmp_path, deaths=1)
    assert sorted(results_of(make(job), [0, 1, 2])) == [(0, 0), (1, 2), (2, 4)]
    assert {i: len(tries) for i, tries in job.attempts().items()} == {0: 1, 1: 2, 2: 1}

    job = sent_jobs.Logged(tmp_path, deaths=9)
    found = dict(results_of(make(job, lambda number: f"lost {number}"), [3, 4]))
    assert found == {3: "lost 3", 4: 8}
    assert len(job.attempts()[3]) == 2

    executor = make(job)
    for item in (5, 6):
        executor.submit(item)
    found = []
    with pytest.raises(CrozeError, match=r"2 workers died with the same item.*same command"):
        found.extend(executor.results())
    found.extend(executor.results())
    assert found == [(6, 12)]


def test_tasks_share_a_device_that_ray_chooses(make, sent_jobs, results_of):
    executor = make(sent_jobs.Where(), devices=("fake:4", "fake:5"), workers_per_device=2)
    found = results_of(executor, range(8))
    assert {(way, visible) for _, (way, _, visible) in found} == {(("cpu", "fake"), "0")}
    assert len({pid for _, (_, pid, _) in found}) == 2


def test_the_function_goes_to_every_worker_once(make, sent_jobs, results_of, tmp_path):
    found = results_of(make(sent_jobs.Loaded(str(tmp_path))), range(40))
    workers = {str(pid) for _, pid in found}
    assert {file.name.split("-")[0] for file in tmp_path.iterdir()} == workers
    assert len(list(tmp_path.iterdir())) == len(workers) <= 3


def test_closing_drops_what_waits(make, sent_jobs, results_of, tmp_path):
    job = sent_jobs.Logged(tmp_path, seconds=600)
    executor = make(job)
    start = time.monotonic()
    for number in range(100_000):
        executor.submit(number)
    while not job.attempts():
        time.sleep(0.05)
    executor.close()
    assert time.monotonic() - start < 60
    assert len(job.attempts()) <= 6
    assert results_of(make(sent_jobs.double), [4]) == [(4, 8)]  # the cores are free again


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")
def test_no_item_is_lost_or_handed_out_twice_when_a_worker_and_then_a_node_die(
    make, cluster, sent_jobs, descendants_of, tmp_path
):
    job = sent_jobs.Logged(tmp_path, seconds=0.2)
    executor = make(job)
    numbers = range(0, 80, 2)
    for number in numbers:
        executor.submit(number)

    raylet = cluster.doomed.all_processes["raylet"][0].process.pid

    def stop_at_work():
        """Hold the node's processes while they have items unfinished, and say which process has which."""
        while True:
            processes = descendants_of(raylet)
            send(signal.SIGSTOP, processes)
            last = {number: attempts[-1] for number, attempts in job.attempts().items()}
            at_work = {pid: n for n, (start, end, pid) in last.items() if start == end and pid in processes}
            if at_work:
                return processes, at_work
            send(signal.SIGCONT, processes)
            time.sleep(0.01)

    found, killed = [], []
    for item, result in executor.results():
        found.append((item, result))
        if len(found) == 8:
            processes, at_work = stop_at_work()
            victim = min(at_work)
            killed.append(at_work[victim])
            send(signal.SIGKILL, {victim})
            send(signal.SIGCONT, processes)
        if len(found) == 20:  # a machine goes, and all that is on it at once
            processes, at_work = stop_at_work()
            killed += at_work.values()
            send(signal.SIGKILL, {raylet, *processes})
            cluster.remove_node(cluster.doomed, allow_graceful=False)
    assert sorted(found) == [(n, 2 * n) for n in numbers]
    assert len(killed) >= 2
    assert {n: len(attempts) for n, attempts in job.attempts().items()} == {
        n: 1 + killed.count(n) for n in numbers
    }


def test_devices_that_no_node_has_are_refused(make, sent_jobs, monkeypatch):
    executor = make(sent_jobs.Where())
    monkeypatch.setattr(executor._ray, "cluster_resources", lambda: {"CPU": 2.0})
    with pytest.raises(CrozeError, match="No machine of the Ray cluster has a GPU for cuda"):
        make(sent_jobs.Where(), devices=("cuda:0",))


@pytest.mark.parametrize("address", ["nonsense", "host:port", ":80", "http://here:80", "1.2.3.4:99999"])
def test_an_address_that_is_none_is_refused(jobs, monkeypatch, address):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with pytest.raises(CrozeError, match="HOST:PORT of its head, auto or local, got"):
        RayExecutor(jobs.double, address)


def test_an_address_where_nothing_answers_is_one_sentence(jobs, monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))  # taken, but nobody listens
        port = unheard.getsockname()[1]
        with pytest.raises(CrozeError, match=rf"No Ray cluster answers at 127.0.0.1:{port} \(.*refused"):
            make_executor(jobs.double, 0, ray=f"127.0.0.1:{port}")


def test_without_the_extra_it_says_what_to_install(jobs, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(CrozeError, match=r"pip install 'croze\[ray\]'"):
        make_executor(jobs.double, 0, ray="local")


def test_workers_over_devices_say_how_many_share_one(jobs, monkeypatch):
    made = []
    monkeypatch.setattr(
        "croze.scoring.execution.RayExecutor", lambda *given, **named: made.append((given, named))
    )
    make_executor(jobs.double, 3, ray="local", lost=str)
    make_executor(jobs.double, 0, ray="there:1", devices=("cuda:0", "cuda:1"))
    make_executor(jobs.double, 4, ray="there:1", devices=("cuda:0", "cuda:1"))
    assert made == [
        ((jobs.double, "local", (), str), {"workers": 3}),
        ((jobs.double, "there:1", ("cuda:0", "cuda:1"), None), {"workers_per_device": 1}),
        ((jobs.double, "there:1", ("cuda:0", "cuda:1"), None), {"workers_per_device": 2}),
    ]
    with pytest.raises(CrozeError, match="got -1 and 1"):
        RayExecutor(jobs.double, "local", workers=-1)


SCRIPT = """
import os, signal, sys, time
from croze.scoring.execution import make_executor

def job(item):
    if item < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(item)
    return item

executor = make_executor(job, 1, ray=sys.argv[1], lost=lambda item: "lost")
import ray
print(ray.cluster_resources()["CPU"], flush=True)
try:
    for item in {items}:
        executor.submit(item)
    print(sorted(executor.results()), flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
executor.close()
print(ray.is_initialized())
"""


def run_script(tmp_path, address, items):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(items=items))
    return subprocess.Popen(
        [sys.executable, str(script), address],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


def test_a_cluster_is_joined_and_left_in_silence(make, cluster, sent_jobs, results_of, tmp_path):
    script = run_script(tmp_path, cluster.address, (1, -1, 0))
    out, err = script.communicate(timeout=300)
    assert out.splitlines()[1:] == ["[(-1, 'lost'), (0, 0), (1, 1)]", "False"]
    assert (err, script.returncode) == ("", 0)
    assert results_of(make(sent_jobs.double), [4]) == [(4, 8)]


@pytest.mark.slow
def test_ray_is_started_here_with_as_many_cores_and_an_interrupt_ends_it_all(interrupts, tmp_path):
    script = run_script(tmp_path, "local", (600, 600))
    assert script.stdout.readline() == "1.0\n"
    time.sleep(1)
    os.killpg(script.pid, signal.SIGINT)
    out, err = script.communicate(timeout=300)
    assert (out, err, script.returncode) == ("interrupted\nFalse\n", "", 0)
