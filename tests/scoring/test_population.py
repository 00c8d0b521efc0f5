import pytest

from croze.errors import CrozeError
from croze.files import to_json
from croze.proxies import parse_proxies
from croze.proxies.reference import load_reference
from croze.scoring.evaluator import Evaluator
from croze.scoring.ledger import Ledger
from croze.scoring.population import draw, make_reference
from croze.scoring.store import Store
from croze.spaces import open_space

SPACE = open_space("nasbench201", channels=2, cells=1)


def test_a_draw_is_distinct_and_a_longer_one_begins_as_a_shorter():
    short, long = draw(SPACE, 20, 3), draw(SPACE, 50, 3)
    assert long[:20] == short
    assert len({SPACE.canonical(SPACE.parse(text)) for text in long}) == 50
    assert draw(SPACE, 20, 4) != short


def test_a_space_that_has_no_more_says_so(monkeypatch):
    class Small:
        name = "small"

        def sample(self, rng):
            return rng.randrange(5)

        def canonical(self, architecture):
            return architecture

    with pytest.raises(CrozeError, match=r"small gave 5 distinct architectures .*; ask for fewer than 6"):
        draw(Small(), 6, 0)


def test_scores_go_to_a_file_and_back(digits, tmp_path):
    evaluator = Evaluator(SPACE, digits, 0)
    seen = []
    with Store(tmp_path, evaluator.context) as store:
        ledger = Ledger(evaluator, store)
        found = make_reference(
            "tiny", ledger, parse_proxies("rank(params,snip),params,epe-nas"), 6, 0, seen.append
        )
    assert list(found.columns) == ["params", "snip", "epe-nas"]
    assert seen == [1, 2, 3, 4, 5, 6]
    file = tmp_path / "tiny.json"
    file.write_text(to_json(found.to_json()))
    again = load_reference(str(file))
    assert again.to_json() == found.to_json()
    assert (again.images, again.image_shape, again.classes, again.data) == (8, (3, 32, 32), 10, "digits")
    assert again.to_json()["scores"]["epe-nas"] == [None] * 6, "what failed stays a failure"


def test_too_little_is_refused(digits, tmp_path):
    evaluator = Evaluator(SPACE, digits, 0)
    with Store(tmp_path, evaluator.context) as store, pytest.raises(CrozeError, match="at least 2 networks"):
        make_reference("x", Ledger(evaluator, store), parse_proxies("params"), 1, 0)
