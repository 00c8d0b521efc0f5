"""`croze-official` against the straightforward float64 way of computing it, the oracle of its tests.

    python perf/official_cost.py --space nasbench201 --architectures 20 --repeats 3
    python perf/official_cost.py --space darts --architectures 14 --repeats 1

Both sides build the network, one thread, and take turns; the scores have to agree to 1e-9.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial

from plain_official import plain_official
from score_cost import Cost, architectures, in_turns, parser_of

from croze.data import load_batch
from croze.nn.seeding import single_thread
from croze.proxies import parse_proxies, parts_of
from croze.scoring.evaluator import Evaluator
from croze.spaces import open_space

PLAIN = "straightforward"


def measure(space: str, count: int, batch_size: int, repeats: int, seed: int, data: str) -> list[Cost]:
    batch = load_batch(data, size=batch_size, seed=seed)
    (proxy,) = parts_of(parse_proxies("croze-official"))
    found = []
    with single_thread():
        for name, of, text in architectures(space, count, seed):
            opened = open_space(of)
            evaluator = Evaluator(opened, batch, seed)
            flavour = evaluator.flavour_for(proxy)

            def plain(evaluator: Evaluator = evaluator, text: str = text, flavour: str = flavour) -> float:
                return plain_official(evaluator.network(text, flavour), evaluator.batch)

            (score,) = evaluator((text, (proxy,)))
            if score.value is not None and abs(score.value / plain() - 1) > 1e-9:
                raise SystemExit(f"{name}: {score.value} and {plain()} are not the same score")
            runs: dict[str, Callable[[], object]] = {
                PLAIN: plain,
                proxy.spec: partial(evaluator, (text, (proxy,))),
            }
            found.append(Cost(name, in_turns(runs, repeats)))
            print(f"{name[:60]:60}  {found[-1].ratio(proxy.spec, PLAIN):.2f}", flush=True)
    return found


def main() -> None:
    options = parser_of(__doc__, repeats=3).parse_args()
    costs = measure(
        options.space,
        options.architectures,
        options.batch_size,
        options.repeats,
        options.seed,
        options.data,
    )
    ratios = [cost.ratio("croze-official", PLAIN) for cost in costs]
    print(
        f"\n{len(costs)} architectures, batch {options.batch_size}, seed {options.seed}: median "
        f"{statistics.median(ratios):.2f}, mean {statistics.mean(ratios):.2f}, worst {max(ratios):.2f}"
    )


if __name__ == "__main__":
    main()
