"""From an architecture to its scores: build the network, score it on the batch."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from croze.errors import CrozeError
from croze.proxies import Criterion, Proxy, parts_of
from croze.proxies.reference import DEFAULT_REFERENCE, with_aggregates
from croze.scoring.costs import Cost
from croze.scoring.score import failure_reason, score_all
from croze.spaces import Space, image_channels
from croze.spaces.user import space_identity
from croze.types import Batch, Score

ENGINE = 4
"""Goes up whenever the same request would give other numbers, so that stored scores are not mixed."""

Quantity = Proxy | Cost
"""What can be asked of one architecture."""

Request = tuple[str, tuple[Quantity, ...]]
"""An architecture as text, and what to find out about it."""

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
        batch: what they are scored on; also says how many classes they have. Grey images are repeated for
            the networks of the package's spaces, which take three channels.
        seed: of the weights and of everything random in a pass.
        micro_batch: most images that a network sees at once; None for the whole batch.
        device: where networks are scored. Weights are drawn on the CPU and moved, so they are the same
            everywhere.
        scores_from: the type of device that scores come from in the end, which is part of their identity: an
            evaluator on the CPU may stand for others that it is sent to.
    """

    space: Space[Any]
    batch: Batch
    seed: int
    micro_batch: int | None = None
    device: str = "cpu"
    scores_from: str = "cpu"

    def __post_init__(self) -> None:
        object.__setattr__(self, "batch", self.batch.in_channels(image_channels(self.space)))

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
        text, quantities = request
        found: dict[str, Score] = {}
        groups: dict[str, list[Proxy]] = {}
        with redirect_stdout(sys.stderr):
            for quantity in quantities:
                if isinstance(quantity, Proxy):
                    groups.setdefault(self.flavour_for(quantity), []).append(quantity)
            for flavour, proxies in groups.items():
                found |= {score.proxy: score for score in self._score(text, flavour, proxies)}
            for quantity in quantities:
                if isinstance(quantity, Cost):
                    found[quantity.spec] = self.cost(text, quantity)
        return [found[quantity.spec] for quantity in quantities]

    def scores(
        self, architecture: str, criteria: Sequence[Criterion], reference: str = DEFAULT_REFERENCE
    ) -> list[Score]:
        """One score a criterion, aggregates from the percentiles of their parts in a reference population."""
        parts = {score.proxy: score for score in self((architecture, tuple(parts_of(criteria))))}
        return with_aggregates(criteria, parts, self.batch, reference, self.space.flavours)

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


def is_kept(quantity: Quantity) -> bool:
    """Whether it is computed and stored; the others are looked up whenever they are asked for."""
    return isinstance(quantity, Proxy) or quantity.kept


def check_devices(devices: Sequence[str], *, here: bool = True) -> tuple[str, ...]:
    """The devices as torch names them, all of one type, and on this machine where `here` is true; else a
    CrozeError.
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
                f"The device {name} cannot be used here ({first}); cpu always can, "
                f"and this torch sees {torch.cuda.device_count()} CUDA devices."
            ) from None
    if len(kinds) > 1:
        raise CrozeError(
            f"Devices must be of one type, got {', '.join(devices)}: scores differ in the last digits."
        )
    return tuple(devices)
