import math
import struct

import pytest
from croze.ranking.comparison import Comparison, Delta, Difference, Figure, Row
from croze.ranking.comparison_plot import Series, draw, series
from croze.ranking.comparison_table import difference_table, rho_table

from croze.errors import CrozeError
from croze.reporting.chart import check_plot
from croze.reporting.palette import SERIES

NAN = math.nan
CLEAN = Figure(0.75, 0.7, 0.8, 0.25, 40)
FGSM = Figure(-0.125, -0.3, 0.1, NAN, 40)
MEAN = Figure(0.3125, 0.2, 0.4, NAN, 40)
UNDEFINED = Figure(NAN, NAN, NAN, NAN, 40)


@pytest.fixture
def comparison():
    rows = (
        Row("params", {"clean": CLEAN, "fgsm8": FGSM}, MEAN, 0, 40),
        Row("croze-paper(beta=1)", {"clean": FGSM, "fgsm8": UNDEFINED}, UNDEFINED, 3, 40),
    )
    delta = Delta(-0.875, -0.9, 0.05)
    differences = (Difference("croze-paper(beta=1)", "params", {"clean": delta, "fgsm8": delta}, delta),)
    return Comparison(rows, differences, "paper", 50, 40, 30, 0, 200, 7, 0.95)


def test_the_table_has_rho_interval_and_partial(comparison):
    table = rho_table(comparison, "title")
    assert [str(c.header) for c in table.columns] == ["proxy", "clean", "fgsm8", "mean", "failed"]
    rows = list(zip(*(column.cells for column in table.columns), strict=True))
    assert rows[0] == (
        "params",
        ".750 | .250\n(.700, .800)",
        "-.125 | -\n(-.300, .100)",
        ".312 | -\n(.200, .400)",
        "0",
    )
    assert rows[1][2:] == ("- | -\n(-, -)", "- | -\n(-, -)", "3")
    for part in ("95%", "200 resamples", "seed 7", "40 of 50 cells (30 distinct)", "paper convention"):
        assert part in table.caption


def test_whole_numbers_keep_their_zero(comparison):
    row = Row("params", {"clean": Figure(1.0, -1.0, 1.0, 0.0, 3)}, CLEAN, 0, 3)
    table = rho_table(Comparison((row,), (), "paper", 3, 3, 3, 0, 1, 0, 0.95), "")
    assert list(table.columns[1].cells) == ["1.000 | .000\n(-1.000, 1.000)"]


def test_differences_carry_their_sign(comparison):
    table = difference_table(comparison)
    assert "to params" in table.title
    rows = list(zip(*(column.cells for column in table.columns), strict=True))
    assert rows == [("croze-paper(beta=1)", *["-.875\n(-.900, +.050)"] * 3)]


def test_the_figures_data(comparison):
    columns, drawn = series(comparison)
    assert columns == ("clean", "fgsm8", "mean")
    assert drawn[0].proxy == "params"
    assert drawn[0].rho == (0.75, -0.125, 0.3125)
    assert drawn[0].low == (0.7, -0.3, 0.2)
    assert drawn[0].high == (0.8, 0.1, 0.4)
    assert drawn[0].partial[0] == 0.25
    assert all(map(math.isnan, drawn[1].rho[1:]))
    assert all(isinstance(one, Series) for one in drawn)


def test_a_png_is_drawn(comparison, tmp_path):
    path = tmp_path / "new" / "figure.png"
    draw(comparison, path, "title")
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", head[16:]) == (1500, 630)


def test_an_svg_is_drawn_with_every_proxy_in_its_own_colour(comparison, tmp_path):
    path = tmp_path / "figure.svg"
    draw(comparison, path, "title")
    text = path.read_text()
    assert "<svg" in text
    assert SERIES[1] in text.lower()
    empty = tmp_path / "empty.svg"
    draw(Comparison(comparison.rows[:1], (), "paper", 50, 40, 30, 0, 200, 7, 0.95), empty, "title")
    assert SERIES[1] not in empty.read_text().lower()


def test_a_rho_outside_its_interval_is_drawn(tmp_path):
    # what a bootstrap of one resample gives
    row = Row("params", {"clean": Figure(0.9, 0.5, 0.5, 0.1, 9)}, Figure(0.1, 0.5, 0.6, 0.1, 9), 0, 9)
    path = tmp_path / "figure.svg"
    draw(Comparison((row,), (), "paper", 9, 9, 9, 0, 1, 0, 0.95), path, "title")
    assert path.stat().st_size > 1000


@pytest.mark.parametrize("name", ["figure.nonsense", "file/figure.png"])
def test_a_figure_that_cannot_be_written(comparison, tmp_path, name):
    (tmp_path / "file").write_text("")
    with pytest.raises(CrozeError, match="Cannot write the figure"):
        draw(comparison, tmp_path / name, "title")


@pytest.mark.parametrize("name", ["figure.jpeg", "figure", "png", ".png", "folder.png"])
def test_a_figure_is_refused_before_it_is_drawn(tmp_path, name):
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(CrozeError, match="Cannot write the figure"):
        check_plot(tmp_path / name)


@pytest.mark.parametrize("ending", ["png", "svg", "pdf", "PDF"])
def test_every_ending_that_is_let_through_can_be_drawn(comparison, tmp_path, ending):
    path = tmp_path / f"figure.{ending}"
    check_plot(path)
    assert not path.exists()
    draw(comparison, path, "title")
    assert path.stat().st_size > 1000


def test_no_matplotlib_says_what_to_install(comparison, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(CrozeError, match=r"pip install 'croze\[plot\]'"):
        draw(comparison, tmp_path / "figure.png", "title")
    with pytest.raises(CrozeError, match=r"pip install 'croze\[plot\]'"):
        check_plot(tmp_path / "figure.png")
