import json
import math
from dataclasses import asdict, replace

import pytest

from croze.ranking import Bootstrap, Cells, Ranking, Record
from croze.ranking.columns import Column
from croze.ranking.criteria import Agreement, Entry
from croze.ranking.ranking import GIVEN_SIZE
from croze.ranking.scored import Scoring
from croze.ranking.survey import BOTH, CHOOSE, REPORT, Survey
from croze.ranking.survey_page import render, sheets
from croze.reporting.text import rho_text

NAN = math.nan
KINDS = {
    "clean": "clean",
    **dict.fromkeys(("fgsm@4", "fgsm@8", "pgd@1", "square@8"), "attack"),
    **dict.fromkeys(("fog", "snow", "corruptions"), "corruption"),
}
COLUMNS = tuple(Column(name, ((name,),), kind) for name, kind in KINDS.items())
CLEAN = {"params": 0.7, "constant": NAN, "rare": 0.99, "croze-robust": 0.905, "seldom": 0.71}
FAILURES = {"rare": 10, "seldom": 1}
REASONS = {"rare": "a | b\nc", "seldom": "no x"}


def ranking_of(clean=CLEAN, columns=(*KINDS,), common=None, n=29):
    records, cells = [], {}
    for name in (CHOOSE, REPORT, BOTH):
        for proxy, rho in clean.items():
            count = 20 if proxy == "rare" else 29
            for i, column in enumerate((*columns, "mean")):
                value = rho - i / 100
                records.append(
                    Record(proxy, column, name, "spearman", value, value - 0.01, value + 0.01, count)
                )
                records.append(Record(proxy, column, name, GIVEN_SIZE, 0.5 - i / 10 + 0 * rho, n=count))
        lost = {proxy: count for proxy, count in FAILURES.items() if proxy in clean}
        shared = tuple(proxy for proxy in clean if proxy != "rare") if common is None else common
        cells[name] = Cells(30, n, n, lost, {proxy: REASONS[proxy] for proxy in lost}, (), shared)
    return Ranking(tuple(records), cells, Bootstrap(1000, 7))


ENTRIES = (
    Entry("params", "size", "a paper", False, False, False, "model", ""),
    Entry("snip", "sum of |g * w|", "Lee et al.", True, True, True, "float64", "k=1, m=a+b"),
)
AGREEMENTS = (
    Agreement("params", "params", "", 12, 1.0, 0, 0, 0, ""),
    Agreement("flops(convention=suite)", "flops", "", 12, 0.99, 3, 0, 0, ""),
    Agreement("plain", "plain", "noisy", 9, -0.2, None, 2, 1, "no y"),
)
MILLISECONDS = {"params": 3.21, "croze-robust": 1234.5, "seldom": 56.4, "rare": NAN}
SCORING = Scoring("parquet:train.parquet", "balanced over the classes", 16, "c" * 64, 30)
BASIS = {
    "command": "croze proxies --page docs/proxies.md",
    "truth": "robust-nb201",
    "dataset": "cifar10",
    "files": {"meta.json": "a" * 64, "cifar10/clean_accuracy.json": "b" * 64},
    "space": "NASBench201(channels=16, cells=5)",
    "seed": 7,
    "score_seed": 3,
    "scoring": asdict(SCORING),
    "versions": {"croze": "0.1.0", "torch": "2.13.0"},
    "published": [
        "scores.csv",
        "d" * 64,
        asdict(replace(SCORING, sampling="at random", images=64, batch="e" * 64, cells=12)),
    ],
}
SURVEY = Survey(ranking_of(), COLUMNS, ENTRIES, BASIS, MILLISECONDS, 10, AGREEMENTS)


def named(title, survey=SURVEY):
    (found,) = [sheet for sheet in sheets(survey) if sheet.title == title]
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


def test_the_summary_has_the_order_of_clean_accuracy_and_a_line():
    sheet = named("Summary (report half)")
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
    assert found["ms"] == ["1,234", "56", "3.2", "-", "", "-"]
    assert sheet.note == "29 of 30 cells."
    assert "apgd-ce@1" not in found


def test_all_tables_have_one_order():
    records = SURVEY.ranking.records
    moved = tuple(
        replace(r, value=-r.value) if r.cells == CHOOSE and r.statistic == "spearman" else r for r in records
    )
    survey = replace(SURVEY, ranking=replace(SURVEY.ranking, records=moved))
    assert columns(named("Summary (choose half)", survey))["proxy"][0] == "`croze-robust`"
    assert "ms" not in named("Summary (choose half)").head


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
    assert found["remarks"] == [
        "equal on all 12",
        "3 of 12 differ",
        "noisy; ours failed on 2: no y; theirs failed on 1",
    ]


def test_the_catalogue_and_the_failures():
    found = columns(named("Definitions"))
    assert found["needs"] == ["nothing", "labels, gradients, images"]
    assert found["arguments and defaults"] == ["", "k=1, m=a+b"]
    found = columns(named("Failures"))
    assert found["proxy"] == ["`rare`", "`seldom`"]
    assert found["cells"] == ["10 of 30", "1 of 30"]


def test_the_page_says_what_it_rests_on():
    page = render(SURVEY)
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
    ):
        assert text in page
    assert "aaaaaaaaaaaaa" not in page
    assert page.endswith("|\n")


def test_every_table_of_the_page_is_whole():
    page = render(SURVEY)
    blocks = [block.splitlines() for block in page.split("\n\n") if block.startswith("|")]
    assert len(blocks) == 7
    for block in blocks:
        widths = {line.replace("\\|", "").count("|") for line in block}
        assert len(widths) == 1
    assert "a \\| b c" in page
    assert "sum of \\|g * w\\|" in page


def test_what_is_not_there_is_left_out():
    clean = {proxy: rho for proxy, rho in CLEAN.items() if proxy != "croze-robust"}
    bare = Survey(ranking_of(clean, ("clean",)), COLUMNS[:1], ENTRIES, {**BASIS, "published": None})
    page = render(bare)
    for absent in ("published", "Attacks", "Corruptions (", "| ms |", "ms:", "scores.csv"):
        assert absent not in page


def test_rows_that_all_stand_alone_say_so():
    survey = replace(SURVEY, ranking=ranking_of({"rare": 0.9}, common=(), n=0))
    assert named("Summary (report half)", survey).note == "Drawn: 30 cells."


def test_too_few_cells_say_who_failed():
    records = tuple(replace(record, n=0) for record in SURVEY.ranking.records)
    survey = replace(SURVEY, ranking=replace(SURVEY.ranking, records=records))
    assert SURVEY.shortfall == ""
    assert survey.shortfall == (
        "A survey needs at least 3 cells of each half on which some proxy succeeded, got 0 of 30 of choose: "
        "rare failed on 10, seldom failed on 1."
    )


def test_the_result_is_ready_for_json():
    content = SURVEY.to_json()
    assert json.loads(json.dumps(content, allow_nan=False)) == json.loads(json.dumps(content))
    assert content["milliseconds_alone"]["rare"] is None
    assert content["basis"]["published"][2]["images"] == 64
    assert content["basis"]["scoring"]["batch"] == "c" * 64
