"""What a candidate may cost. Sizes are known before any pass over a network, and are kept in the store."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from torch import nn

from croze.errors import CrozeError
from croze.nn.count import counted_without_weights, flop_count, parameter_count
from croze.nn.seeding import single_thread
from croze.proxies.size import Flops, Params
from croze.scoring.costs import Cost, MeasuredLatency, ReachableParams
from croze.scoring.evaluator import Evaluator, Quantity, is_kept
from croze.scoring.ledger import Ledger
from croze.scoring.score import failure_reason
from croze.types import Architecture, Score


@dataclass(frozen=True)
class Limits:
    """Upper bounds; None for no limit.

    Attributes:
        params: trainable parameters.
        live_params: of these, the ones that the graph of a pass connects with the logits.
        flops: multiply-adds of one image.
        latency: in milliseconds.
        latency_from: how latency is known; measured by default, which takes passes, so it comes last.

    Raises:
        CrozeError: for a number below 1, or a latency that is no finite number above 0.
    """

    params: int | None = None
    live_params: int | None = None
    flops: int | None = None
    latency: float | None = None
    latency_from: Cost = field(default_factory=MeasuredLatency)

    def __post_init__(self) -> None:
        for name in ("params", "live_params", "flops"):
            bound = getattr(self, name)
            if bound is not None and bound < 1:
                raise CrozeError(f"A limit on {name} is a number of at least 1, got {bound}.")
        if self.latency is not None and not 0 < self.latency < math.inf:
            raise CrozeError(f"A limit on latency is a number of milliseconds above 0, got {self.latency:g}.")

    def broken_by(self, architecture: Architecture, ledger: Ledger) -> dict[str, float]:
        """The first limit that the network breaks, with its size; empty when it keeps them all.

        Sizes that the ledger knows are not measured again; those that are measured are filed, also of what is
        rejected. A network that cannot be built or run has no size and breaks no limit: it fails when it is
        scored, with the reason. A latency that is not known breaks the limit on it.
        """
        text = str(architecture)
        for quantity, bound, name, measure in (
            (Params(), self.params, "params", lambda network, _: parameter_count(network)),
            (ReachableParams(), self.live_params, "live-params", None),
            (Flops(), self.flops, "flops", flop_count),
            (self.latency_from, self.latency, "latency", None),
        ):
            if bound is None:
                continue
            size = ledger.known(text, quantity)
            if size is None and isinstance(quantity, MeasuredLatency):  # where candidates are scored
                size = dict(ledger.scores([text], [quantity]))[text][0]
            if size is None:
                size = _size(text, quantity, ledger.evaluator, measure)
                if size.ok and is_kept(quantity):
                    ledger.file(text, [size])
            value = math.inf if size.value is None and name == "latency" else size.value
            if value is not None and value > bound:
                return {name: value}
        return {}


def _size(
    text: str,
    quantity: Quantity,
    evaluator: Evaluator,
    measure: Callable[[nn.Module, tuple[int, ...]], int] | None,
) -> Score:
    with single_thread():
        if isinstance(quantity, Cost):
            return evaluator.cost(text, quantity)
        assert measure is not None
        start = time.perf_counter()
        flavour = evaluator.flavour_for(quantity)
        try:
            size = counted_without_weights(
                lambda: evaluator.network(text, flavour),
                lambda network: measure(network, evaluator.batch.images.shape[1:]),
            )
        except Exception as problem:
            return Score(quantity.spec, None, reason=failure_reason(problem))
        return Score(quantity.spec, float(size), seconds=time.perf_counter() - start)
