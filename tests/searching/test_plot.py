import pytest

from croze.errors import CrozeError
from croze.proxies import parse_proxy
from croze.searching.history import Progress
from croze.searching.objectives import Objective, objective_of
from croze.searching.plot import cloud, course, draw_search
from croze.types import Score

ROWS = [(1.0, 5.0), (5.0, 7.0), (None, 1.0), (3.0, 9.0), (5.0, 3.0), (-2.0, 1.0)]


def two():
    progress = Progress(6, [Objective(parse_proxy("snip"), True), Objective(parse_proxy("flops"), False)])
    progress.add(
        [
            (str(i), [Score("snip", a, "" if a else "undefined"), Score("flops", b)])
            for i, (a, b) in enumerate(ROWS)
        ]
    )
    return progress


def one(proxy):
    progress = Progress(6, [objective_of(parse_proxy(proxy))])
    progress.add([(str(i), [Score(proxy, a, "" if a else "undefined")]) for i, (a, _) in enumerate(ROWS)])
    return progress


def test_the_front_among_the_candidates():
    data = cloud(two())
    assert data.labels == ("max snip", "min flops")
    assert data.front == ((5.0, -2.0), (3.0, 1.0))
    assert sorted(zip(*data.others, strict=True)) == [(1.0, 5.0), (3.0, 9.0), (5.0, 7.0)]
    assert data.chosen == (5.0, 3.0)


def test_nothing_to_show_is_an_empty_cloud():
    data = cloud(Progress(3, two().objectives))
    assert data.front == data.others == ((), ())
    assert data.chosen is None


@pytest.mark.parametrize(
    ("proxy", "best"), [("snip", (1.0, 5.0, 5.0, 5.0, 5.0)), ("ntk", (1.0, 1.0, 1.0, 1.0, -2.0))]
)
def test_the_course_of_a_search(proxy, best):
    data = course(one(proxy))
    assert data.label == proxy
    assert data.numbers == (1, 2, 4, 5, 6)
    assert data.scores == (1.0, 5.0, 3.0, 5.0, -2.0)
    assert data.best == best


@pytest.mark.parametrize("progress", [two(), one("snip"), Progress(3, two().objectives)])
@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_figure_is_written(tmp_path, progress, ending):
    path = tmp_path / "below" / f"front.{ending}"
    draw_search(progress, path, "title")
    assert path.stat().st_size > 1000


def test_a_figure_that_cannot_be_written(tmp_path):
    with pytest.raises(CrozeError, match="must end in"):
        draw_search(two(), tmp_path / "front.txt", "title")
