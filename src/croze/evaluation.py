"""From architectures to scores: build the networks, score them, keep what is done."""

from __future__ import annotations

import re
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

import torch
from torch import nn

from croze.costs import Cost
from croze.errors import CrozeError
from croze.execution import Executor, make_executor
from croze.proxies import Proxy
from croze.scoring import failure_reason, score_all
from croze.spaces import Space
from croze.spaces.user import space_identity
from croze.store import Store
from croze.types import Batch, Score

ENGINE = 3
"""Goes up whenever the same request would give other numbers, so that stored scores are not mixed."""

Quantity = Proxy | Cost
"""What can be asked of one architecture."""

Request = tuple[str, tuple[Quantity, ...]]
"""An architecture as text, and what to find out about it."""

_Line = deque[tuple[str, list[Score]]]
"""Answers that nobody has taken yet."""

_Waiting = tuple[Sequence[Quantity], Sequence[Score | None], _Line]
"""What was asked for, what of it is known, and where the answer goes."""

_MEMORY = re.compile(
    r"^(torch\.)?(MemoryError|OutOfMemoryError)\b|(not enough|can't allocate|cannot allocate|out of) memory",
    re.IGNORECASE,
)

LOST = "the worker process died twice with it (out of memory, or a crash of the network's code)"
"""Why a candidate failed that took its worker along."""


@dataclass(frozen=True)
class Evaluator:
    """Scores architectures of one space on one batch; can be sent to another process.

    Attributes:
        space: builds the networks.
        batch: what they are scored on; also says how many classes they have.
        seed: of the weights and of everything random in a pass.
        micro_batch: most images that a network sees at once; None for the whole batch.
        device: where this one builds and scores networks, as torch names it. Weights are drawn on the CPU and
            moved, so that they are the same everywhere.
        scores_from: the type of device that scores come from in the end, which is part of their identity: an
            evaluator on the CPU may stand for others that it is sent to.
    """

    space: Space[Any]
    batch: Batch
    seed: int
    micro_batch: int | None = None
    device: str = "cpu"
    scores_from: str = "cpu"

    @property
    def context(self) -> dict[str, Any]:
        """Everything but architecture and proxy that a score depends on."""
        context = {
            "engine": ENGINE,
            "space": space_identity(self.space),
            "images": len(self.batch),
            "batch": self.batch.digest(),
            "seed": self.seed,
        }
        # sums in parts round differently, and some proxies refuse them
        if self.micro_batch is not None:
            context["micro_batch"] = self.micro_batch
        return context if self.scores_from == "cpu" else context | {"device": self.scores_from}

    def on(self, device: str) -> Evaluator:
        """The same evaluator on this device, the batch with it."""
        return replace(self, batch=self.batch.to(device), device=device)

    def __call__(self, request: Request) -> list[Score]:
        """The scores, in the order of what is asked; the first of each network carries its building time.

        What a user's network prints goes to standard error.
        """
        with redirect_stdout(sys.stderr):
            return self._answer(request)

    def _answer(self, request: Request) -> list[Score]:
        text, quantities = request
        found: dict[str, Score] = {}
        proxies = [quantity for quantity in quantities if isinstance(quantity, Proxy)]
        for flavour in dict.fromkeys(self.flavour_for(proxy) for proxy in proxies):
            group = [proxy for proxy in proxies if self.flavour_for(proxy) == flavour]
            found |= {score.proxy: score for score in self._score(text, flavour, group)}
        for quantity in quantities:
            if isinstance(quantity, Cost):
                found[quantity.spec] = self.cost(text, quantity)
        return [found[quantity.spec] for quantity in quantities]

    def cost(self, text: str, cost: Cost) -> Score:
        """The cost of an architecture as a score; a failed one where there is none."""
        start = time.perf_counter()
        try:
            value = cost.of(text, lambda: self.network(text), self.batch.normalised())
        except Exception as problem:  # like a proxy that fails
            return Score(cost.spec, None, failure_reason(problem), seconds=time.perf_counter() - start)
        return Score(cost.spec, value, seconds=time.perf_counter() - start)

    def network(self, text: str, flavour: str | None = None) -> nn.Module:
        """The network of an architecture on the evaluator's device; the usual flavour when none is named."""
        network = self.space.build(
            self.space.parse(text),
            classes=self.batch.classes,
            seed=self.seed,
            flavour=self.space.flavours[0] if flavour is None else flavour,
        )
        return network if self.device == "cpu" else network.to(self.device)

    def lost(self, request: Request) -> list[Score]:
        """What stands for the scores of an architecture that no worker survives."""
        return [Score(quantity.spec, None, reason=LOST) for quantity in request[1]]

    def flavour_for(self, proxy: Proxy) -> str:
        """The flavour of the space's networks that this proxy is scored on."""
        return proxy.flavour if proxy.flavour in self.space.flavours else self.space.flavours[0]

    def _score(self, text: str, flavour: str, proxies: list[Proxy]) -> list[Score]:
        start = time.perf_counter()
        try:
            network = self.network(text, flavour)
        except Exception as problem:  # one candidate that cannot be built must not end a search
            return [Score(proxy.spec, None, reason=failure_reason(problem)) for proxy in proxies]
        building = time.perf_counter() - start
        first, *others = score_all(
            network, self.batch, proxies, seed=self.seed, micro_batch=self.micro_batch, own=True
        )
        return [replace(first, seconds=first.seconds + building), *others]


def may_pass(score: Score) -> bool:
    """Whether this is a failure of the moment, for want of memory, rather than one of the network."""
    return not score.ok and (score.reason == LOST or _MEMORY.search(score.reason) is not None)


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

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
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

        More may be submitted meanwhile. What failed for want of memory is handed out like any failure, but
        not kept: it is tried again when it is asked for again.
        """
        while self._awaited:
            while not self._line:
                self._advance()
            self._awaited -= 1
            yield self._line.popleft()

    def scores(
        self, architectures: Sequence[str], quantities: Sequence[Quantity]
    ) -> Iterator[tuple[str, list[Score]]]:
        """Each architecture with its scores: stored ones first, then as done.

        What was submitted stays in line for `results`.
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


def is_kept(quantity: Quantity) -> bool:
    """Whether it is computed and stored; the others are looked up whenever they are asked for."""
    return isinstance(quantity, Proxy) or quantity.kept


def check_devices(devices: Sequence[str], *, here: bool = True) -> tuple[str, ...]:
    """The devices as torch names them, all of one type.

    Args:
        here: whether they have to be on this machine.

    Raises:
        CrozeError: for one that does not exist here, or types that are mixed: their scores would be.
    """
    kinds = set()
    for name in devices:
        try:
            if here:
                torch.zeros(1, device=name)
            kinds.add(torch.device(name).type)
        except (RuntimeError, AssertionError) as problem:
            first = str(problem).strip().splitlines()[0]
            raise CrozeError(
                f"--device {name} cannot be used here ({first}); cpu always can, "
                f"and this torch sees {torch.cuda.device_count()} CUDA devices."
            ) from None
    if len(kinds) > 1:
        raise CrozeError(
            f"Devices must be of one type, got {', '.join(devices)}: scores differ in the last digits."
        )
    return tuple(devices)
