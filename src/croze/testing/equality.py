"""The metamorphic contract of proxies: equal functions score equally, or are refused with the reason."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from croze.nn.forward import logits_of
from croze.nn.scratch import scratch
from croze.proxies import Proxy
from croze.scoring.score import score_all
from croze.types import Batch, Score


def check_equal_scores(
    proxies: Sequence[Proxy], model: nn.Module, rewritten: nn.Module, batch: Batch, expected: Sequence[Score]
) -> list[str]:
    """A network and the same function written in another way; returns the specs of proxies that refuse it.

    Args:
        proxies: what to score with.
        batch: in float64, so that rounding decides nothing.
        expected: their scores of `model` on the batch.

    Raises:
        AssertionError: when the functions differ, or a score does: by more than 1e-5 of its value, without a
            note on weights that were not seen, or by a failure that names an exception instead of a reason.
    """
    check_equal_functions(model, rewritten, batch)
    refused = []
    for proxy, first, second in zip(proxies, expected, score_all(rewritten, batch, proxies), strict=True):
        if second.value is None:
            assert second.reason, f"{proxy.spec} fails without a reason"
            assert "Error: " not in second.reason, f"{proxy.spec}: {second.reason}"
            if first.value is not None:
                refused.append(f"{proxy.spec}: {second.reason}")
        elif first.value is None:
            assert second.notes, (
                f"{proxy.spec} refuses the one ({first.reason}), the other has {second.value}"
            )
        elif not any("% of the weights" in note for note in second.notes):
            same = math.isclose(first.value, second.value, rel_tol=1e-5, abs_tol=1e-9)
            assert same, f"{proxy.spec}: {first.value} and {second.value}"
    return refused


def check_equal_functions(model: nn.Module, rewritten: nn.Module, batch: Batch) -> None:
    """Their logits agree in training and in evaluation mode."""
    x = batch.normalised()
    for training in (True, False):
        logits = []
        for network in (model, rewritten):
            twin = scratch(network)
            with torch.no_grad():
                logits.append(logits_of(twin.train(training)(x.clone())))
        first, second = logits
        assert torch.allclose(first, second, rtol=1e-9, atol=1e-12), "the networks are not the same function"
