import pytest

from croze.paper.protocol import in_order
from croze.pool import Design, read_design
from croze.robustness.evaluate import evaluate_conditions
from croze.scoring.evaluator import Evaluator

TINY = (
    "--space", "nasbench201", "--cells-per-stage", 1, "--channels", 2, "--cells", "none", "--candidates", 4,
    "--searches", 2, "--epochs", 1, "--set", "batch_size=32", "--images", 60, "--test-images", 10,
    "--score-batch", 2, "--workers", 1, "--out", "p",
)  # fmt: skip
THREE = ("reproduce", "table3", *TINY, "--methods", "params", "--limit", "corruptions=2")
FOUR = (
    "reproduce", "table4", *TINY, "--methods", "params", "--searches", 1, "--set", "steps=1",
    "--set", "validation_steps=1", "--attacks",
    "pgd(steps=1),cw(steps=1),spsa(iterations=1,samples=2),lgv(epochs=1,per_epoch=1,steps=1),"
    "autoattack(steps=2,targets=1,queries=2)",
)  # fmt: skip


def refuse(*arguments):
    raise AssertionError("computed again")


def test_both_tables_and_the_figure(croze, tmp_path, monkeypatch):
    done = croze(*THREE, "--page", "three.md", "--json", "-")
    assert done.code == 0, done.err
    assert "To do: 2 searches of 4 candidates and 2 trainings of 1 epochs" in done.err
    (row,) = done.json["rows"]
    assert [run["seed"] for run in row["runs"]] == [0, 1]
    assert [run["search"]["candidates"] for run in row["runs"]] == [4, 4]
    assert set(row["values"]) == {"clean", "cc", "fgsm", "hrs", "params", "search_seconds"}
    values = [run["values"]["cc"] for run in row["runs"]]
    assert row["values"]["cc"]["mean"] == pytest.approx(sum(values) / 2, abs=1e-12)
    assert all(run["images"] == [2, 10] for run in row["runs"])
    for run in row["runs"]:  # each search is trained with its own seed
        place = tmp_path / "p" / "standard" / f"nasbench201-seed{run['seed']}"
        design = read_design(place)
        assert (design.seed, design.architectures) == (run["seed"], (run["architecture"],))
    page = (tmp_path / "three.md").read_text()
    assert "$ croze reproduce table3" in page
    assert "94.34" not in page  # digits are not what the print is of

    monkeypatch.setattr(Evaluator, "__call__", refuse)
    monkeypatch.setattr("croze.pool.run.evaluate_conditions", refuse)
    with monkeypatch.context() as first:
        first.setattr("croze.pool.run.train_network", refuse)
        again = croze(*THREE, "--json", "-")
        assert again.json["rows"] == [row]
    monkeypatch.setattr("croze.pool.run.evaluate_conditions", evaluate_conditions)

    # table 4 takes its searches from table 3, and trains the other way
    four = croze(*FOUR, "--json", "-")
    assert four.code == 0, four.err
    (other,) = four.json["rows"]
    figures = other["runs"][0]["values"]
    assert set(figures) == {"clean", "pgd", "cw", "spsa", "lgv", "autoattack", "avg"}
    assert other["runs"][0]["search"] == row["runs"][0]["search"]
    assert other["values"]["clean"]["deviation"] is None
    assert read_design(tmp_path / "p" / "pgd" / "nasbench201-seed0").recipe["method"] == "pgd"

    figure = croze("reproduce", "figure2", "--table3", "p", "--table4", "p", "--plot", "f.png", "--json", "-")
    assert figure.code == 0, figure.err
    assert "No point of ours" not in figure.err
    names = [[point["name"] for point in panel["points"]] for panel in figure.json["panels"]]
    assert names[2:] == [["params"], ["params"]]
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")


def test_a_folder_keeps_the_order_of_what_it_holds(tmp_path):
    """Rows that are asked for later, or in another order, do not make another pool."""
    assert in_order(tmp_path, ["a", "b"]) == ["a", "b"]
    recipe = {"method": "standard", "epochs": 1}
    Design("darts", (), ("a", "b"), recipe, 0, "images", "tested", 100).write(tmp_path)
    assert in_order(tmp_path, ["c", "b"]) == ["a", "b", "c"]


def test_a_published_cell_at_a_small_size(croze):
    done = croze(
        "reproduce", "table4", "--methods", "none", "--cells", "CRoZe-CIFAR10,PC-DARTS-CIFAR",
        "--searches", 1, "--layers", 3, "--channels", 2, "--epochs", 1, "--set", "batch_size=32",
        "--set", "steps=1", "--set", "validation_steps=1", "--images", 40, "--test-images", 10,
        "--attacks", "pgd(steps=1)", "--workers", 1, "--out", "p", "--json", "-",
    )  # fmt: skip
    assert done.code == 0, done.err
    rows = done.json["rows"]
    assert [(row["name"], row["searched"]) for row in rows] == [
        ("CRoZe-CIFAR10", False),
        ("PC-DARTS-CIFAR", False),
    ]
    for row in rows:
        assert set(row["values"]) == {"clean", "pgd", "params"}  # four attacks are missing: no average
        assert row["runs"][0]["search"] is None


def test_figure2_without_runs(croze):
    done = croze("reproduce", "figure2", "--json", "-")
    assert done.code == 0
    assert [len(panel["points"]) for panel in done.json["panels"]] == [7, 7]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--methods", "none"], "There are no rows"),
        (["--methods", "croze-x"], "croze-x"),
        (["--cells", "AdvRash"], "did you mean AdvRush"),
        (["--cells", "AdvRush"], "AdvRush has no network of this size, leave it out of --cells"),
        (["--pool", 4], "leave some for moves, got 4"),
        (["--dataset", "cifar"], "--dataset of table3 is cifar10, cifar100 or own"),
        (["--dataset", "cifar100"], "digits has 10 classes and is not cifar100"),
        (["--page", "."], "--page takes the name of a file"),
        (["--out", " "], "--out takes the name of a folder"),
        (["--limit", "pgd=3"], "none of the attacks and corruptions"),
        (["--space", "nowhere"], "Unknown space"),
        (["--images", 5000], "Cannot train on 5000 images of digits"),
        (["--test-data", "digits"], "--test-data digits names the training images"),
    ],
)
def test_bad_input_is_one_line(refused, arguments, message):
    assert message in refused(*THREE, *arguments)


def test_test_images_of_another_data_set(refused, shared_data):
    where = f"parquet:{shared_data / 'cifar100' / 'sample.parquet'}"
    assert "--test-data has 100 classes" in refused(*THREE, "--test-data", where)


def test_bad_input_of_the_others(refused):
    assert "Table 4 is of adversarial training" in refused(*FOUR, "--recipe", "standard")
    assert "name pgd once" in refused(*FOUR, "--attacks", "pgd,pgd(steps=3)")
    assert "table3.json does not exist" in refused("reproduce", "figure2", "--table3", ".")
    assert "--table4 takes the name of a folder" in refused("reproduce", "figure2", "--table4", "")
    assert "must end in .png" in refused("reproduce", "figure2", "--plot", "f.gif")
