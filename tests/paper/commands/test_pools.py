import pytest

TINY = ("--cells-per-stage", "1", "--channels", "4", "--batch-size", "32", "--epochs", "1", "--images", "120")


@pytest.fixture
def pools(croze):
    """Two small pools of the same cells."""
    for recipe in ("standard", "fast"):
        done = croze(
            "pool", "train", "--cells", 4, *TINY, "--recipe", recipe, "--test-images", 30,
            "--corruptions", "none", "--attacks", "fgsm,pgd", "--workers", 1, "--out", recipe,
        )  # fmt: skip
        assert done.code == 0, done.err


def test_figure_4_and_table_6_of_pools(croze, refused, pools, tmp_path):
    figure4 = (
        "reproduce", "figure4", "--pool", "standard", "--pool", "fast", "--images", 20, "--proxies",
        "params,croze-positional", "--workers", 1, "--plot", "four.png",
    )  # fmt: skip
    done = croze(*figure4, "--json", "-")
    assert done.code == 0, done.err
    chosen = done.json["chosen"]
    assert [(one["training"], one["by"]) for one in chosen] == [
        (training, by)
        for training in ("standard", "fast")
        for by in ("best by FGSM", "best by PGD", "params", "croze-positional")
    ]
    best = max(one["accuracies"]["fgsm@8"] for one in chosen[:4])
    assert chosen[0]["accuracies"]["fgsm@8"] == best
    assert all(one["features"]["relative_deviation"] > 0 for one in chosen)
    assert (tmp_path / "four.png").stat().st_size > 5000
    assert croze(*figure4, "--json", "-").json["chosen"] == chosen

    table6 = (
        "reproduce", "table6", "--standard", "pool:standard", "--adversarial", "pool:fast",
        "--proxies", "params", "--size", 2, "--least", 0, "--channels", 4, "--cells-per-stage", 1,
        "--workers", 1, "--images", 20,
    )  # fmt: skip
    done = croze(*table6, "--plot", "six.png", "--json", "-")
    assert done.code == 0, done.err
    top, bottom = done.json["groups"]
    assert len(set(top["architectures"]) | set(bottom["architectures"])) == 4
    assert set(top["standard"]) == {"clean", "pgd", "fgsm"}
    assert set(top["adversarial"]) == {"clean", "pgd", "hrs_pgd", "fgsm", "hrs_fgsm"}
    assert len(done.json["features"]["adversarial"]["params"]["bottom"]) == 2
    assert (tmp_path / "six.png").stat().st_size > 5000
    assert "take more cells" in refused(*table6, "--size", 3)
    assert "no column x" in refused(*table6, "--robust", "x")


def test_table_6_of_a_published_truth(croze, refused, shared_data):
    command = (
        "reproduce", "table6", "--standard", f"robust-nb201:{shared_data / 'robust_nb201'}", "--sample", 30,
        "--proxies", "params", "--channels", 4, "--cells-per-stage", 1, "--workers", 1,
    )  # fmt: skip
    done = croze(*command, "--json", "-")
    assert done.code == 0, done.err
    top, bottom = done.json["groups"]
    assert done.json["cells"] == 30
    assert top["left_out"] + top["among"] == 30
    assert top["standard"]["clean"] > bottom["standard"]["clean"]
    assert top["adversarial"] == {}
    assert "name a pool" in refused(*command, "--plot", "six.png")


def test_a_pool_that_lacks_an_attack(croze, refused):
    done = croze(
        "pool", "train", "--cells", 2, *TINY, "--test-images", 20, "--corruptions", "none",
        "--attacks", "fgsm", "--workers", 1, "--out", "p",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "not evaluated under pgd@8" in refused(
        "reproduce", "figure4", "--pool", "p", "--proxies", "params", "--workers", 1
    )
