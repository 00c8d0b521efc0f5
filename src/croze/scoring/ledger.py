"""Scores of many architectures: stored ones first, the rest computed by workers and filed at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Self

from croze.scoring.costs import Cost
from croze.scoring.evaluator import Evaluator, Quantity, Request, is_kept, may_pass
from croze.scoring.execution import Executor, make_executor
from croze.scoring.store import Store
from croze.types import Score

_Line = deque[tuple[str, list[Score]]]
"""Answers that nobody has taken yet."""

_Waiting = tuple[Sequence[Quantity], Sequence[Score | None], _Line]
"""What was asked for, what of it is known, and where the answer goes."""


class Ledger:
    """An evaluator, a store and workers: asks the store first, computes the rest, files it at once.

    A context manager; leaving it ends the workers.

    Args:
        evaluator: what computes a score.
        store: where scores are kept; opened for the evaluator's context.
        workers: 1 for this process, more for worker processes, 0 for one a core; they start when the first
            score is missing.
        ray: the address of a Ray cluster, or `local`, in place of worker processes.
        devices: where workers compute, taken in turn; none for the evaluator's own.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        store: Store,
        workers: int = 1,
        *,
        ray: str | None = None,
        devices: Sequence[str] = (),
    ) -> None:
        self.evaluator = evaluator
        self._store = store
        self._workers, self._ray, self._devices = workers, ray, tuple(devices)
        self._columns: dict[str, dict[str, Score]] = {}
        self._executor: Executor[Request, list[Score]] | None = None
        self._computed: Iterator[tuple[Request, list[Score]]] = iter(())
        self._running: dict[Request, list[_Waiting]] = {}
        self._line: _Line = deque()
        self._awaited = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def known(self, architecture: str, quantity: Quantity) -> Score | None:
        """A score that the store holds already; None when it holds none."""
        return self._column(quantity.spec).get(architecture)

    def file(self, architecture: str, scores: Iterable[Score]) -> None:
        """Keep these scores of an architecture, but for failures that may pass; the first of a kind stays."""
        lasting = [score for score in scores if not may_pass(score)]
        self._store.add(architecture, lasting)
        for score in lasting:
            self._column(score.proxy).setdefault(architecture, replace(score, layers=()))

    def submit(self, architecture: str, quantities: Sequence[Quantity]) -> None:
        """Ask for scores of an architecture; `results` hands them out."""
        self._awaited += 1
        self._ask(architecture, quantities, self._line)

    def results(self) -> Iterator[tuple[str, list[Score]]]:
        """What was submitted, as it is done; scores in the order in which they were asked for.

        More may be submitted meanwhile. What failed for want of memory is handed out but not kept: it is
        tried again when it is asked for again.
        """
        while self._awaited:
            while not self._line:
                self._advance()
            self._awaited -= 1
            yield self._line.popleft()

    def scores(
        self, architectures: Sequence[str], quantities: Sequence[Quantity]
    ) -> Iterator[tuple[str, list[Score]]]:
        """Each architecture with its scores, stored ones first. What was submitted stays in line for
        `results`.
        """
        line: _Line = deque()
        distinct = dict.fromkeys(architectures)
        for architecture in distinct:
            self._ask(architecture, quantities, line)
        for _ in distinct:
            while not line:
                self._advance()
            yield line.popleft()

    def close(self) -> None:
        """End the workers; the store stays open."""
        if self._executor is not None:
            self._executor.close()
            self._executor = None
        self._running.clear()
        self._line.clear()
        self._awaited = 0

    def _ask(self, architecture: str, quantities: Sequence[Quantity], line: _Line) -> None:
        """Put the scores in this line, at once when all are known."""
        known = [self.known(architecture, quantity) for quantity in quantities]
        lacking = tuple(q for q, s in zip(quantities, known, strict=True) if s is None and is_kept(q))
        if not lacking:
            line.append((architecture, self._answer(architecture, quantities, known)))
            return
        request: Request = (architecture, lacking)
        if request not in self._running:
            self._running[request] = []
            if self._executor is None:
                self._executor = make_executor(
                    self.evaluator,
                    self._workers,
                    ray=self._ray,
                    devices=self._devices,
                    lost=self.evaluator.lost,
                )
            self._executor.submit(request)
        self._running[request].append((quantities, known, line))

    def _advance(self) -> None:
        """Take in one computed request."""
        assert self._executor is not None
        done = next(self._computed, None)
        while done is None:  # what was handed out before was all that had been submitted then
            self._computed = self._executor.results()
            done = next(self._computed, None)
        request, fresh = done
        self.file(request[0], fresh)
        by_spec = {score.proxy: score for score in fresh}
        for quantities, known, line in self._running.pop(request):
            found = [by_spec.get(q.spec, s) for q, s in zip(quantities, known, strict=True)]
            line.append((request[0], self._answer(request[0], quantities, found)))

    def _answer(
        self, architecture: str, quantities: Sequence[Quantity], found: Sequence[Score | None]
    ) -> list[Score]:
        """With what is looked up in the places that are still empty."""
        return [s or self._looked_up(architecture, q) for q, s in zip(quantities, found, strict=True)]

    def _looked_up(self, architecture: str, quantity: Quantity) -> Score:
        assert isinstance(quantity, Cost)
        return self.evaluator.cost(architecture, quantity)

    def _column(self, spec: str) -> dict[str, Score]:
        if spec not in self._columns:
            self._columns[spec] = self._store.column(spec)
        return self._columns[spec]
