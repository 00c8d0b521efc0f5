import json

TINY = ("--channels", 4, "--cells", 1)
CELL = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|avg_pool_3x3~2|"


def test_a_population_is_made_and_used(croze, tmp_path):
    outcome = croze(
        *("reference", "--to", "mine.json", "--networks", 5, "--proxies", "croze-robust,params"),
        *(*TINY, "--workers", 1, "--batch-size", 9),
    )
    assert outcome.code == 0
    assert "5 networks scored by 5 proxies" in outcome.out
    written = json.loads((tmp_path / "mine.json").read_text())
    assert written["images"] == 9
    scored = croze(
        *("score", "--arch", CELL, *TINY, "--batch-size", 9, "--reference", "mine.json"),
        *("--proxies", "croze-robust,rank(params,meco)", "--json", "-"),
    )
    assert scored.code == 0
    assert all("of the reference population mine" in s["notes"][0] for s in scored.json["scores"])
    assert [layer["layer"] for layer in scored.json["scores"][1]["layers"]] == ["params", "meco"]


def test_aggregates_in_the_other_verbs(croze):
    outcome = croze(
        *("search", *TINY, "--budget", 6, "--algorithm", "random", "--workers", 1, "--out", "run"),
        *("--proxy", "rank(params,snip)", "--json", "-"),
    )
    assert outcome.code == 0
    result = outcome.json
    assert set(result["best"]["parts"]) == {"params", "snip"}
    assert result["settings"]["objectives"][0]["definition"] == "rank(params,snip)"
    assert 0 < result["best"]["score"] <= 1


def test_micro_batches(croze):
    command = ("score", "--arch", CELL, *TINY, "--micro-batch", 3, "--json", "-", "--proxies")
    refused = croze(*command, "croze-positional,zico,meco").json["scores"]
    assert [s["ok"] for s in refused] == [False, False, True]
    assert "depends on the rest of the batch" in refused[0]["reason"]
    assert "zico needs the whole batch at once" in refused[1]["reason"]


def test_bad_requests_are_one_line(refused):
    assert "takes the name of a .json file" in refused("reference", "--to", "population.txt")
    assert "Unknown reference population 'mine'" in refused(
        "score", "--arch", CELL, *TINY, "--proxies", "croze-robust", "--reference", "mine"
    )


def test_a_population_of_another_space(croze, tmp_path):
    outcome = croze(
        *("reference", "--to", "darts.json", "--space", "darts", "--layers", 3, "--channels", 4),
        *("--networks", 4, "--proxies", "params,snip", "--workers", 1),
    )
    assert outcome.code == 0, outcome
    written = json.loads((tmp_path / "darts.json").read_text())
    assert "layers=3, channels=4" in json.dumps(written["settings"])
