import pytest

TINY = ("--cells-per-stage", "1", "--channels", "4", "--batch-size", "32", "--epochs", "2", "--images", "200")
EVALUATED = (
    "--test-images",
    "40",
    "--attacks",
    "fgsm,pgd(steps=3)",
    "--corruptions",
    "fog@1",
    "--workers",
    "1",
)
CELL = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|nor_conv_3x3~2|"


def test_a_pool_is_trained_shown_and_used_as_a_truth(croze):
    done = croze("pool", "train", "--cells", 4, *TINY, *EVALUATED, "--out", "p", "--json", "-")
    assert done.code == 0, done.err
    members = done.json["members"]
    assert len(members) == done.json["planned"] == 4
    assert set(members[0]["columns"]) == {"clean", "fgsm@8", "pgd(steps=3)@8", "fog@1"}
    again = croze("pool", "train", "--cells", 4, *TINY, *EVALUATED, "--out", "p", "--json", "-")
    assert again.json["members"] == members
    shown = croze("pool", "show", "p", "--sort", "fgsm@8", "--top", "2")
    assert shown.code == 0
    best = max(members, key=lambda member: member["columns"]["fgsm@8"])
    assert f"{best['columns']['fgsm@8']:.1%}" in shown.out
    compared = croze(
        "benchmark", "--truth", "pool:p", "--proxies", "params", "--cells-per-stage", 1, "--channels", 4,
        "--resamples", 10, "--workers", 1, "--out", "b", "--json", "-",
    )  # fmt: skip
    assert compared.code == 0, compared.err
    assert compared.json["truth"]["name"] == "pool"


def test_architectures_of_ones_own(croze, tmp_path):
    (tmp_path / "cells.txt").write_text(f"{CELL}\n\n")
    done = croze("pool", "train", "--arch-file", "cells.txt", *TINY, *EVALUATED, "--out", "p", "--json", "-")
    assert done.code == 0, done.err
    assert [member["architecture"] for member in done.json["members"]] == [CELL]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("train", "--cells", "2", "--arch-file", "x"), "not both"),
        (("train", "--arch-file", "x"), "Cannot read"),
        (("train", "--recipe", "x"), "Unknown recipe"),
        (("train", "--space", "x"), "Unknown space"),
        (("train", "--corruptions", "x"), "Unknown corruption"),
        (("train", "--set", "x"), "KEY=VALUE"),
        (("show", "nowhere"), "name the folder of a pool"),
    ],
)
def test_mistakes_end_as_one_sentence(refused, arguments, says):
    assert says in refused("pool", *arguments)


def test_a_file_of_architectures_is_checked(refused, tmp_path):
    (tmp_path / "cells.txt").write_text(f"{CELL}\n{CELL}\n")
    assert "line 2: line 1 has it" in refused("pool", "train", "--arch-file", "cells.txt")
    (tmp_path / "cells.txt").write_text(f"{CELL}\nnothing\n")
    assert "line 2" in refused("pool", "train", "--arch-file", "cells.txt")
    (tmp_path / "cells.txt").write_text("\n")
    assert "names no architecture" in refused("pool", "train", "--arch-file", "cells.txt")


def test_another_pool_is_not_mixed_in(croze, refused):
    pool = ("pool", "train", "--cells", 1, *TINY, *EVALUATED, "--out", "p")
    assert croze(*pool).code == 0
    assert "differs in recipe" in refused(*pool, "--recipe", "fast")
    assert "no column 'x'" in refused("pool", "show", "p", "--sort", "x")
