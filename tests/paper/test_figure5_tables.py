import struct

import numpy as np

from croze.paper.figure5 import Prediction, Predictiveness, chart, clouds, notes, parts_of_form, tables
from croze.paper.forms import find_forms
from croze.reporting.page import Page

NAN = float("nan")


def made(later, forms="croze-paper,croze-positional", failures=None):
    parts = [part for form in find_forms(forms) for part in parts_of_form(form)]
    values = (np.array([1.0, 2.0, 3.0]), np.array([10.0, 5.0, 20.0]))
    found = [
        Prediction(part, state, 0.5, 0.1, 0.9, 1 / 3)
        if part.name != "features"
        else Prediction(part, state, NAN, NAN, NAN, NAN)
        for state in later
        for part in parts
    ]
    return Predictiveness(
        4,
        np.array([0, 1, 3]),
        tuple(found),
        {(p.later, p.part.proxy.spec): values for p in found},
        failures or {},
        dict.fromkeys(failures or {}, "no | gradient"),
        1000,
        7,
    )


def test_ours_stands_beside_the_papers():
    paper, positional = tables(made(("10 steps", "full training")))
    assert paper.title == "croze-paper"
    assert paper.note == "n = 3 of 4 cells, those on which every score of every state succeeded."
    assert paper.head == (
        *("part", "images"),
        *("rho, 10 steps", "tau", "paper", "difference"),
        *("rho, full training", "tau", "paper", "difference"),
    )
    ours = (".500 (.100 to .900)", ".333")
    assert paper.rows[0] == (
        *("product (the form)", "perturbed"),
        *(*ours, ".995", "-0.495"),
        *(*ours, ".970", "-0.470"),
    )
    assert paper.rows[1] == ("features", "perturbed", *("-", "-", "", "") * 2)
    assert paper.rows[2][4:] == ("", "", *ours, ".537", "-0.037")
    assert paper.rows[4] == ("product", "clean", *(*ours, "", "") * 2)
    assert [row[0] for row in positional.rows[:4]] == [
        *("product", "features", "parameters", "gradients (the form)")
    ]


def test_other_steps_have_no_values_of_the_paper():
    (sheet,) = tables(made(("3 steps",), "croze-official"))
    assert sheet.head == ("part", "images", "rho, 3 steps", "tau")


def test_failures_are_listed():
    found = made(("10 steps",), failures={("10 steps", "croze-paper"): 1})
    *_, failures = tables(found)
    assert failures.rows == (("10 steps", "`croze-paper`", "1 of 4", "no | gradient"),)
    assert "no \\| gradient" in failures.markdown()
    assert found.counted.startswith("3 of 4 cells")


def test_the_page_and_the_terminal():
    found = made(("10 steps",))
    page = Page("Scores", "About.", "croze x", ["a", "b"], notes(found), tables(found), "f.png", "Dots.")
    text = page.markdown()
    assert text.startswith(
        "# Scores\n\nAbout. This page is written by a command; do not edit it:\n\n```console"
    )
    for part in (
        "\n- a\n- b\n",
        "![Scores](f.png)\n\nDots.\n",
        "## How to read it\n\n- rho is",
        "## croze-paper",
    ):
        assert part in text
    assert text.endswith("|\n")
    assert "![" not in Page("Scores", "About.", "croze x", [], [], []).markdown()
    assert len(page.sheets[0].rows) == 8


def test_the_data_of_the_figure():
    found = clouds(made(("10 steps", "full training")))
    parts = ["product", "features", "parameters", "gradients"]
    assert list(found) == [(form, part) for form in ("croze-paper", "croze-positional") for part in parts]
    cloud = found["croze-paper", "product"][1]
    assert (cloud.later, cloud.rho) == ("full training", 0.5)
    assert cloud.early.tolist() == [1, 2, 3]
    assert cloud.late.tolist() == [2, 1, 3]


def test_the_figure_is_drawn(tmp_path):
    found = made(("10 steps", "full training"))
    chart(found).save(tmp_path / "f.png")
    data = (tmp_path / "f.png").read_bytes()
    width, height = struct.unpack(">II", data[16:24])
    assert width > height > 600
