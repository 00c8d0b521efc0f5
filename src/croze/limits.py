"""What a candidate may cost: its sizes are measured once, without scoring it, and kept in the store."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch

from croze.evaluation import Evaluator, Ledger
from croze.nn.count import flop_count, parameter_count
from croze.nn.seeding import single_thread
from croze.proxies import Proxy
from croze.proxies.size import Flops, Params
from croze.scoring import failure_reason
from croze.types import Architecture, Score


@dataclass(frozen=True)
class Limits:
    """Upper bounds; None for no limit.

    Attributes:
        params: trainable parameters.
        flops: multiply-adds of one image.
    """

    params: int | None = None
    flops: int | None = None

    def broken_by(self, architecture: Architecture, ledger: Ledger) -> dict[str, int]:
        """The first limit that the network breaks, with its size; empty when it keeps them all.

        Sizes are the values of the proxies `params` and `flops`: those that the ledger knows are not measured
        again, those that are measured are filed, also of what is rejected. A network that cannot be built or
        run has no size and breaks no limit: it fails when it is scored, with the reason.
        """
        bounds = [
            (p, most) for p, most in ((Params(), self.params), (Flops(), self.flops)) if most is not None
        ]
        if not bounds:
            return {}
        known = ledger.stored(str(architecture))
        for proxy, most in bounds:
            size = known.get(proxy.spec)
            if size is None:
                size = _measured(proxy, architecture, ledger.evaluator)
                if size.ok:
                    ledger.file(str(architecture), [size])
            if size.value is not None and size.value > most:
                return {proxy.name: int(size.value)}
        return {}


def _measured(proxy: Params | Flops, architecture: Architecture, evaluator: Evaluator) -> Score:
    """The proxy's score, by the shortest way to it; weights do not matter."""
    start = time.perf_counter()
    try:
        if isinstance(proxy, Params):
            size = parameter_count(_without_weights(proxy, architecture, evaluator))
        else:
            # on `meta` this takes three to seven times as long as the forward pass of one real image
            with single_thread():
                network = _network(proxy, architecture, evaluator)
                size = flop_count(network, evaluator.batch.images.shape[1:])
    except Exception as problem:
        return Score(proxy.spec, None, reason=failure_reason(problem))
    return Score(proxy.spec, float(size), seconds=time.perf_counter() - start)


def _without_weights(proxy: Proxy, architecture: Architecture, evaluator: Evaluator) -> torch.nn.Module:
    """The network on the `meta` device, in half the time of a real one; where that fails, a real one."""
    try:
        with torch.device("meta"):
            return _network(proxy, architecture, evaluator)
    except Exception:
        return _network(proxy, architecture, evaluator)


def _network(proxy: Proxy, architecture: Architecture, evaluator: Evaluator) -> torch.nn.Module:
    return evaluator.space.build(
        architecture,
        classes=evaluator.batch.classes,
        seed=evaluator.seed,
        flavour=evaluator.flavour_for(proxy),
    )
