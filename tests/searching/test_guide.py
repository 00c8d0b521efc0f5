import pytest

from croze.nn.count import parameter_count
from croze.proxies import parse_proxy
from croze.scoring.evaluator import Evaluator
from croze.scoring.ledger import Ledger
from croze.scoring.store import Store
from croze.searching.guide import guide_by
from croze.searching.history import SearchHistory
from croze.searching.limits import Limits
from croze.searching.loop import search
from croze.searching.objectives import objective_of
from croze.searching.strategies import make_algorithm
from croze.spaces.nasbench201 import NASBench201

SPACE = NASBench201(channels=4, cells=1)
CELLS = [
    SPACE.parse(text)
    for text in (
        "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|",
        "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|avg_pool_3x3~2|",
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|",
        "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|",
    )
]


@pytest.fixture
def ledger(digits, tmp_path):
    evaluator = Evaluator(SPACE, digits, 0)
    with Store(tmp_path, evaluator.context) as store:
        yield Ledger(evaluator, store)


def params(cell):
    return parameter_count(SPACE.build(SPACE.canonical(cell), classes=10, seed=0))


def fresh():
    return SearchHistory(10, [objective_of(parse_proxy("params"))])


def test_a_guide_says_what_the_proxy_says(ledger):
    history = fresh()
    guide = guide_by(parse_proxy("params"), SPACE, ledger, Limits(), history)
    assert guide(CELLS) == [float(params(cell)) for cell in CELLS]
    assert history.guided == 4
    assert sum(history.guide_seconds.values()) > 0
    assert guide(CELLS[:2]) == [float(params(cell)) for cell in CELLS[:2]]
    assert history.guided == 4, "what is known already is not asked again"


def test_less_may_be_better(ledger):
    guide = guide_by(parse_proxy("ntk"), SPACE, ledger, Limits(), fresh())
    values = guide(CELLS[:3])
    raw = dict(ledger.scores([str(SPACE.canonical(c)) for c in CELLS[:3]], [parse_proxy("ntk")]))
    assert values == [-raw[str(SPACE.canonical(c))][0].value for c in CELLS[:3]]


def test_isomorphic_cells_are_one(ledger):
    direct = SPACE.parse("|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|")
    detour = SPACE.parse("|skip_connect~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|none~2|")
    history = fresh()
    guide = guide_by(parse_proxy("snip"), SPACE, ledger, Limits(), history)
    first, second = guide([direct, detour])
    assert (first == second) == (SPACE.canonical(direct) == SPACE.canonical(detour))
    assert history.guided == len({SPACE.canonical(direct), SPACE.canonical(detour)})


def test_what_breaks_a_limit_has_no_merit_and_is_not_scored(ledger):
    history = fresh()
    bound = sorted(map(params, CELLS))[1]
    guide = guide_by(parse_proxy("croze-positional"), SPACE, ledger, Limits(params=bound), history)
    values = guide(CELLS)
    assert [value is not None for value in values] == [params(cell) <= bound for cell in CELLS]
    assert ledger._store.count("croze-positional") == history.guided == history.rejected == 2


def test_an_aggregate_ranks_all_it_was_asked_about(ledger):
    aggregate = parse_proxy("rank(params,flops)")
    guide = guide_by(aggregate, SPACE, ledger, Limits(), fresh())
    assert guide(CELLS[:1]) == [1.0]
    values = guide(CELLS[1:])
    order = sorted(range(1, 4), key=lambda i: values[i - 1])
    assert order == sorted(range(1, 4), key=lambda i: params(CELLS[i]))
    assert guide([CELLS[2]]) == [1.0]


def test_progress_is_shown(ledger):
    seen = []
    guide = guide_by(
        parse_proxy("params"),
        SPACE,
        ledger,
        Limits(),
        fresh(),
        lambda done, wanted: seen.append((done, wanted)),
    )
    guide(CELLS)
    assert seen == [(i, 4) for i in range(1, 5)]


def test_a_guided_search_scores_what_the_guide_likes(ledger):
    history = SearchHistory(12, [objective_of(parse_proxy("live-params"))])
    guide = guide_by(parse_proxy("params"), SPACE, ledger, Limits(), history)
    algorithm = make_algorithm("random+warmup", SPACE, 0, guide=guide, pool=60)
    found = search(SPACE, history.objectives, algorithm, ledger, 12, history=history)
    assert found is history
    scored = [params(c.architecture) for c in found.candidates]
    assert scored == sorted(scored, reverse=True), "the best of the pool come first"
    assert history.guided > 40
    assert ledger._store.count("live-params") == 12
    assert found.seconds() > sum(part.seconds for c in found.candidates for part in c.parts)
