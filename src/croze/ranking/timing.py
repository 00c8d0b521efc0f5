"""What a score costs when it is the only one asked for."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence

from croze.nn.seeding import single_thread
from croze.proxies import Criterion, parts_of
from croze.scoring.evaluator import Evaluator


def time_alone(
    evaluator: Evaluator,
    architectures: Sequence[str],
    criteria: Sequence[Criterion],
    watch: Callable[[int], None] = lambda done: None,
) -> dict[str, float]:
    """Median time over the architectures that one criterion takes alone, by spec, in milliseconds.

    Each is scored by itself, in this process, on one torch thread, its network built for it, so no pass is
    shared with other criteria (the parts of an aggregate share theirs). Architectures on which it fails do
    not count; NaN where it fails on all. Nothing is stored.

    Args:
        evaluator: builds and scores.
        architectures: strings of its space.
        criteria: each once.
        watch: called after every timed score with the number of those done.
    """
    spent: dict[str, list[float]] = {criterion.spec: [] for criterion in criteria}
    done = 0
    with single_thread():
        for architecture in architectures:
            for criterion in criteria:
                parts = tuple(parts_of([criterion]))
                start = time.perf_counter()
                scores = evaluator((architecture, parts))
                seconds = time.perf_counter() - start
                if all(score.ok for score in scores):
                    spent[criterion.spec].append(1000 * seconds)
                done += 1
                watch(done)
    return {spec: statistics.median(times) if times else math.nan for spec, times in spent.items()}
