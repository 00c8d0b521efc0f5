import contextlib
from pathlib import Path

import pytest
import torch

from croze.scoring.execution import Processes

HERE = Path(__file__).parent


@pytest.fixture
def jobs(monkeypatch):
    """The functions that workers are given; worker processes find them as this process does."""
    monkeypatch.syspath_prepend(HERE)
    import executor_jobs

    return executor_jobs


class Shared:
    """An executor of one function of `executor_jobs` on workers that other tests use after it."""

    def __init__(self, pool, function):
        self._pool, self._name = pool, function.__name__

    def submit(self, item):
        self._pool.submit((self._name, item))

    def results(self):
        for (_, item), result in self._pool.results():
            yield item, result


@pytest.fixture(scope="module")
def pool():
    """Two worker processes for a module's tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(HERE)
        import executor_jobs

        made = Processes(executor_jobs.call, 2)
        yield made
        made.close()


@pytest.fixture
def share(pool):
    """Makes an executor of a function on the module's workers."""
    yield lambda function: Shared(pool, function)
    list(pool.results())


@pytest.fixture
def descendants_of():
    """The processes that a process has started, and those that they have."""

    def of(pid):
        files = Path(f"/proc/{pid}/task").glob("*/children")
        children = set()
        for file in files:
            with contextlib.suppress(OSError):  # a thread that has ended meanwhile
                children |= set(map(int, file.read_text().split()))
        return children.union(*map(of, children))

    return of


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def results_of():
    """Submits items to an executor and collects what comes back."""

    def of(executor, items):
        for item in items:
            executor.submit(item)
        return list(executor.results())

    return of
