import math
from dataclasses import replace

import pytest
from croze.ranking.comparison import Figure
from croze.ranking.proxy_page import Basis, Scoring, figure_text, milliseconds_text, ranking, render, sheets

from croze.ranking import Agreement, Entry, Half, Standing, Survey
from croze.reporting.text import rho_text

NAN = math.nan
COLUMNS = ("clean", "fgsm@4", "fgsm@8", "pgd@1", "square@8", "fog", "snow", "corruptions")


def figure(rho, partial=0.25, n=29):
    return Figure(rho, rho - 0.01, rho + 0.01, partial, n)


def standing(criterion, clean, *, n=29, failures=0, reason="", common=True):
    figures = {
        name: figure(clean - i / 100, 0.5 - i / 10, n) if not math.isnan(clean) else Figure(*[NAN] * 4, n)
        for i, name in enumerate(COLUMNS)
    }
    return Standing(
        criterion, figures, n, failures, reason, common, {"clean": clean}, 30 - failures, figure(clean)
    )


def half(name):
    return Half(
        name,
        30,
        29,
        COLUMNS,
        (
            standing("params", 0.7),
            standing("constant", NAN),
            standing("rare", 0.99, n=20, failures=10, reason="a | b\nc", common=False),
            standing("croze-robust", 0.905),
            standing("seldom", 0.71, failures=1, reason="no x"),
        ),
        1000,
        7,
        0.95,
    )


ENTRIES = (
    Entry("params", "size", "a paper", False, False, False, "model", ""),
    Entry("snip", "sum of |g * w|", "Lee et al.", True, True, True, "float64", "k=1, m=a+b"),
)
AGREEMENTS = (
    Agreement("params", "params", "", 12, 1.0, 0, 0, 0, ""),
    Agreement("flops(convention=suite)", "flops", "", 12, 0.99, 3, 0, 0, ""),
    Agreement("plain", "plain", "noisy", 9, -0.2, None, 2, 1, "no y"),
)
MILLISECONDS = {"params": 3.21, "croze-robust": 1234.5, "rare": NAN}
SURVEY = Survey(half("choose"), half("report"), half("both"), ENTRIES, MILLISECONDS, 10, AGREEMENTS)
BASIS = Basis(
    "croze proxies --page docs/proxies.md",
    "robust-nb201",
    "cifar10",
    {"meta.json": "a" * 64, "cifar10/clean_accuracy.json": "b" * 64},
    "NASBench201(channels=16, cells=5)",
    7,
    3,
    Scoring("parquet:train.parquet", "balanced over the classes", 16, "c" * 64, 30),
    {"croze": "0.1.0", "torch": "2.13.0"},
    ("scores.csv", "d" * 64, Scoring("parquet:train.parquet", "at random", 64, "e" * 64, 12)),
)


def named(title, survey=SURVEY):
    (found,) = [sheet for sheet in sheets(survey, BASIS) if sheet.title == title]
    return found


def columns(sheet):
    return {head: [row[i] for row in sheet.rows] for i, head in enumerate(sheet.head)}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.9234, ".923"),
        (-0.0567, "-.057"),
        (1.0, "1.000"),
        (-1.0, "-1.000"),
        (0.9996, "1.000"),
        (0.0, ".000"),
        (-0.0001, ".000"),
        (0.1004, ".100"),
        (NAN, "-"),
    ],
)
def test_a_correlation_has_three_digits(value, text):
    assert rho_text(value) == text


def test_figures_and_times():
    assert figure_text(Figure(0.5, 0.4, 0.61, 0.1, 9)) == ".500 (.400 to .610)"
    assert figure_text(Figure(0.5, NAN, NAN, 0.1, 9)) == ".500"
    assert figure_text(Figure(NAN, NAN, NAN, NAN, 0)) == "-"
    assert [milliseconds_text(v) for v in (3.21, 56.4, 1234.5, NAN)] == ["3.2", "56", "1,234", "-"]


def test_the_summary_has_the_order_of_clean_accuracy_and_a_line():
    sheet = named("Summary: the report half")
    found = columns(sheet)
    assert found["proxy"] == [
        *("`croze-robust`", "`seldom`", "`params`", "`constant`"),
        *("*below: each on its own cells*", "`rare`"),
    ]
    assert found["clean"][:4] == [".905 (.895 to .915)", ".710 (.700 to .720)", ".700 (.690 to .710)", "-"]
    assert found["FGSM-8"][0] == ".885 (.875 to .895)"
    assert (found["pgd@1"][0], found["square@8"][0]) == (".875", ".865")
    assert found["clean, given live parameters"][0] == ".500"
    assert found["corruptions, given live parameters"][0] == "-.200"
    assert found["n"] == ["29", "29", "29", "29", "", "20"]
    assert found["failed"] == ["0", "1", "0", "0", "", "10"]
    assert found["ms"] == ["1,234", "-", "3.2", "-", "", "-"]
    assert sheet.note == "29 of 30 cells."
    assert "apgd-ce@1" not in found


def test_all_tables_have_one_order():
    order = ranking(SURVEY)
    moved = replace(SURVEY, choose=replace(SURVEY.choose, standings=SURVEY.choose.standings[::-1]))
    assert ranking(moved) == order
    assert columns(named("The same on the choose half", moved))["proxy"][0] == "`croze-robust`"
    assert "ms" not in named("The same on the choose half").head


def test_attacks_and_corruptions_have_their_own_tables():
    attacks, corruptions = named("Attacks by epsilon (report half)"), named("Corruptions (report half)")
    assert attacks.head == ("proxy", "fgsm@4", "fgsm@8", "pgd@1", "square@8", "n")
    assert corruptions.head == ("proxy", "fog", "snow", "n")
    assert columns(attacks)["fgsm@4"][0] == ".895"
    assert columns(corruptions)["snow"][:2] == [".845", ".650"]


def test_published_values_and_what_is_known():
    found = columns(named("Against published scores"))
    assert found["proxy"] == ["`params`", "`flops(convention=suite)`", "`plain`"]
    assert found["n"] == ["12", "12", "9"]
    assert found["rho"] == ["1.000", ".990", "-.200"]
    assert found["what is known"] == [
        "equal on all 12",
        "3 of 12 differ",
        "noisy; ours failed on 2: no y; theirs failed on 1",
    ]


def test_the_catalogue_and_the_failures():
    found = columns(named("What each is"))
    assert found["needs"] == ["nothing", "labels, gradients, images"]
    assert found["arguments and defaults"] == ["", "k=1, m=a+b"]
    found = columns(named("Failures"))
    assert found["proxy"] == ["`rare`", "`seldom`"]
    assert found["cells"] == ["10 of 30", "1 of 30"]


def test_the_page_says_what_it_rests_on():
    page = render(SURVEY, BASIS)
    for text in (
        "$ croze proxies --page docs/proxies.md\n",
        "30 of the choose half and 30 of the report half, distinct up to isomorphism, seed 7",
        "untrained, seed 3",
        "16 images of parquet:train.parquet, drawn balanced over the classes (batch cccccccccccc)",
        "scores.csv (SHA-256 dddddddddddd), 12 of its cells, seed 7, scored on 64 images of parquet:",
        "torch 2.13.0",
        "meta.json aaaaaaaaaaaa, cifar10/clean_accuracy.json bbbbbbbbbbbb",
        "95% bootstrap interval (1,000 resamples of the cells, seed 7)",
        "over 10 of the cells, one thread",
        "On the report half, 3 of 5 reached:",
        "- clean: .905, at least .900 wanted: reached",
        "- FGSM-8: .885, at least .850 wanted: reached",
        "- corruptions: .835, at least .750 wanted: reached",
        "- clean given live parameters: .500, at least .600 wanted: missed",
        "- FGSM-8 given live parameters: .300, at least .500 wanted: missed",
    ):
        assert text in page
    assert "aaaaaaaaaaaaa" not in page
    assert page.endswith("|\n")


def test_every_table_of_the_page_is_whole():
    page = render(SURVEY, BASIS)
    blocks = [block.splitlines() for block in page.split("\n\n") if block.startswith("|")]
    assert len(blocks) == 7
    for block in blocks:
        widths = {line.replace("\\|", "").count("|") for line in block}
        assert len(widths) == 1
    assert "a \\| b c" in page
    assert "sum of \\|g * w\\|" in page


def test_what_is_not_there_is_left_out():
    without = tuple(s for s in half("report").standings if s.criterion != "croze-robust")
    bare = replace(half("report"), columns=("clean",), standings=without)
    page = render(Survey(bare, bare, bare, ENTRIES), replace(BASIS, published=None))
    for absent in ("published", "Attacks", "Corruptions (", "| ms |", "ms:", "to reach", "scores.csv"):
        assert absent not in page


def test_rows_that_all_stand_alone_say_so():
    alone = replace(half("report"), cells=0, standings=(standing("rare", 0.9, common=False),))
    survey = replace(SURVEY, report=alone, choose=alone, both=alone)
    assert named("Summary: the report half", survey).note == "Drawn: 30 cells."


def test_an_undefined_target_is_no_miss_and_no_hit():
    constant = replace(half("report"), standings=(standing("croze-robust", NAN),))
    page = render(replace(SURVEY, choose=constant, report=constant, both=constant), BASIS)
    assert "0 of 5 reached" in page
    assert "- clean: -, at least .900 wanted: no value" in page


def test_the_basis_is_ready_for_json():
    found = BASIS.to_json()
    assert found["published"]["file"] == "scores.csv"
    assert found["published"]["images"] == 64
    assert found["scoring"]["batch"] == "c" * 64
    assert replace(BASIS, published=None).to_json()["published"] is None
