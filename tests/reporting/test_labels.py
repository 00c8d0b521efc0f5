from hypothesis import given
from hypothesis import strategies as st

from croze.reporting.labels import Box, place_labels

AREA = Box(0, 0, 1000, 1000)


def test_overlap_is_the_common_area():
    assert Box(0, 0, 2, 2).overlap(Box(1, 1, 2, 2)) == 1
    assert Box(0, 0, 2, 2).overlap(Box(2, 0, 2, 2)) == 0


def test_alone_it_stands_to_the_right():
    assert place_labels([(100, 100)], [(50, 10)], AREA, gap=6) == [Box(106, 95, 50, 10)]


def test_at_the_right_edge_it_stands_to_the_left():
    (box,) = place_labels([(990, 100)], [(50, 10)], AREA, gap=6)
    assert box == Box(934, 95, 50, 10)


@given(st.lists(st.tuples(st.integers(60, 940), st.integers(60, 940)), min_size=2, max_size=3, unique=True))
def test_labels_of_two_or_three_points_cover_nothing(points):
    points = [(8 * (x // 8), 8 * (y // 8)) for x, y in points]
    boxes = place_labels(points, [(50, 10)] * len(points), AREA, gap=6)
    if len(set(points)) == len(points):
        for i, box in enumerate(boxes):
            assert box.overlap(AREA) == 500
            assert not any(box.overlap(other) for other in boxes[:i])
            assert not any(box.overlap(Box(x - 4, y - 4, 8, 8)) for x, y in points)


def test_bars_are_kept_free():
    bar = Box(106, 0, 4, 1000)
    (box,) = place_labels([(100, 100)], [(50, 10)], AREA, gap=6, taken=[bar])
    assert box.overlap(bar) == 0
