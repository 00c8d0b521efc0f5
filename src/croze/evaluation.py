"""From architectures to scores: build the networks, score them, keep what is done."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from croze.execution import Executor, make_executor
from croze.proxies import Proxy
from croze.scoring import failure_reason, score_all
from croze.spaces import Space
from croze.store import Store
from croze.types import Batch, Score

ENGINE = 2
"""Goes up whenever the same request would give other numbers, so that stored scores are not mixed."""

Request = tuple[str, tuple[Proxy, ...]]
"""An architecture as text, and what to score it with."""

_MEMORY = re.compile(
    r"^(torch\.)?(MemoryError|OutOfMemoryError)\b|(not enough|can't allocate|cannot allocate|out of) memory",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Evaluator:
    """Scores architectures of one space on one batch; can be sent to another process.

    Attributes:
        space: builds the networks.
        batch: what they are scored on; also says how many classes they have.
        seed: of the weights and of everything random in a pass.
        micro_batch: most images that a network sees at once; None for the whole batch.
    """

    space: Space[Any]
    batch: Batch
    seed: int
    micro_batch: int | None = None

    @property
    def context(self) -> dict[str, Any]:
        """Everything but architecture and proxy that a score depends on."""
        context = {
            "engine": ENGINE,
            "space": repr(self.space),
            "images": len(self.batch),
            "batch": self.batch.digest(),
            "seed": self.seed,
        }
        # sums in parts round differently, and some proxies refuse them
        return context if self.micro_batch is None else context | {"micro_batch": self.micro_batch}

    def __call__(self, request: Request) -> list[Score]:
        """The scores, in the order of the proxies; the first of each network carries its building time."""
        text, proxies = request
        found: dict[str, Score] = {}
        for flavour in dict.fromkeys(self.flavour_for(proxy) for proxy in proxies):
            group = [proxy for proxy in proxies if self.flavour_for(proxy) == flavour]
            found |= {score.proxy: score for score in self._score(text, flavour, group)}
        return [found[proxy.spec] for proxy in proxies]

    def _score(self, text: str, flavour: str, proxies: list[Proxy]) -> list[Score]:
        start = time.perf_counter()
        try:
            network = self.space.build(
                self.space.parse(text), classes=self.batch.classes, seed=self.seed, flavour=flavour
            )
        except Exception as problem:  # one candidate that cannot be built must not end a search
            return [Score(proxy.spec, None, reason=failure_reason(problem)) for proxy in proxies]
        building = time.perf_counter() - start
        first, *others = score_all(
            network, self.batch, proxies, seed=self.seed, micro_batch=self.micro_batch, own=True
        )
        return [replace(first, seconds=first.seconds + building), *others]

    def flavour_for(self, proxy: Proxy) -> str:
        """The flavour of the space's networks that this proxy is scored on."""
        return proxy.flavour if proxy.flavour in self.space.flavours else self.space.flavours[0]


def may_pass(score: Score) -> bool:
    """Whether this is a failure of the moment, for want of memory, rather than one of the network."""
    return not score.ok and _MEMORY.search(score.reason) is not None


class Ledger:
    """An evaluator, a store and workers: asks the store first, computes the rest, files it at once.

    Args:
        evaluator: what computes a score.
        store: where scores are kept; opened for the evaluator's context.
        workers: 1 for this process, more for worker processes, 0 for one a core; they start when the first
            score is missing.
    """

    def __init__(self, evaluator: Evaluator, store: Store, workers: int = 1) -> None:
        self.evaluator = evaluator
        self._store = store
        self._workers = workers
        self._executor: Executor[Request, list[Score]] | None = None

    def stored(self, architecture: str) -> dict[str, Score]:
        """The scores of one architecture that are known already, by proxy."""
        return self._store.get(architecture)

    def file(self, architecture: str, scores: Iterable[Score]) -> None:
        """Keep these scores of an architecture, but for failures that may pass; the first of a kind stays."""
        self._store.add(architecture, [score for score in scores if not may_pass(score)])

    def scores(
        self, architectures: Sequence[str], proxies: Sequence[Proxy]
    ) -> Iterator[tuple[str, list[Score]]]:
        """Each architecture with its scores in the order of the proxies: stored ones first, then as done.

        What failed for want of memory is handed out like any failure, but not kept: it is tried again when it
        is asked for again.
        """
        missing: dict[Request, dict[str, Score]] = {}
        for architecture in dict.fromkeys(architectures):
            stored = self.stored(architecture)
            lacking = tuple(proxy for proxy in proxies if proxy.spec not in stored)
            if lacking:
                missing[architecture, lacking] = stored
            else:
                yield architecture, [stored[proxy.spec] for proxy in proxies]
        if not missing:
            return
        if self._executor is None:
            self._executor = make_executor(self.evaluator, self._workers)
        for request, fresh in self._executor.run(list(missing)):
            architecture = request[0]
            self.file(architecture, fresh)
            known = missing[request] | {score.proxy: score for score in fresh}
            yield architecture, [known[proxy.spec] for proxy in proxies]

    def close(self) -> None:
        """End the workers; the store stays open."""
        if self._executor is not None:
            self._executor.close()
            self._executor = None
