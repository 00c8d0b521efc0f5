import json

import numpy as np
import pytest
import torch

from croze.corruptions import CORRUPTIONS, GROUPS, SEVERITIES, Corruption, FrostTextures, corrupt, write_set
from croze.data.cached import cached
from croze.errors import CrozeError
from croze.robustness.conditions import Corrupted
from croze.robustness.evaluate import Outcomes, Result, evaluate_conditions
from croze.robustness.metrics import corruption_metrics
from croze.robustness.plan import from_set, plan_evaluation
from croze.robustness.run import evaluate
from croze.robustness.summary import Mean, Summary, summarise
from croze.robustness.tables import tables


def test_the_plan_has_corruptions_and_their_limits():
    plan = plan_evaluation("fgsm", "8/255", "none", ["corruptions=7", "fog=5"], "fog,frost@1")
    keys = [condition.key for condition in plan.conditions]
    assert keys[:7] == ["clean", *(f"fog@{severity}" for severity in SEVERITIES), "frost@1"]
    assert plan.limits["fog@2"] == 5
    assert plan.limits["frost@1"] == 7
    with pytest.raises(CrozeError, match="none of the attacks and corruptions"):
        plan_evaluation("fgsm", "8/255", "none", ["snow=5"], "fog")


def test_accuracy_under_a_corruption_is_that_of_the_corrupted_images(standard_network, digit_scans, tmp_path):
    images, labels = digit_scans.batch(40)
    condition = Corrupted(Corruption("glass_blur", 5))
    whole = condition(standard_network, images, labels, seed=3, first=10)
    with torch.no_grad():
        expected = (
            standard_network(corrupt(images, "glass_blur", 5, seed=3, first=10)).argmax(1) == labels
        ).tolist()
    assert whole.correct.tolist() == expected
    part = condition(standard_network, images[25:], labels[25:], seed=3, first=35)
    assert part.correct.tolist() == expected[25:]


def test_frost_of_ones_own_is_another_trial():
    grey = FrostTextures([np.full((60, 60, 3), 128, dtype=np.uint8)])
    black = FrostTextures([np.zeros((60, 60, 3), dtype=np.uint8)])
    keys = {Corrupted(Corruption("frost", 1), frost).key for frost in (None, grey, black)}
    assert len(keys) == 3
    assert Corrupted(Corruption("fog", 1), grey).key == "fog@1"


@pytest.fixture
def accuracies():
    rng = np.random.default_rng(0)
    return {name: {s: float(rng.uniform(0.1, 0.9)) for s in SEVERITIES} for name in CORRUPTIONS}


def test_means_and_mce(accuracies):
    found = corruption_metrics(accuracies)
    table = np.array([[accuracies[name][s] for s in SEVERITIES] for name in CORRUPTIONS])
    assert found.mean == pytest.approx(table.mean(), abs=1e-12)
    assert found.mce == pytest.approx(1 - table.mean(), abs=1e-12)
    blur = [CORRUPTIONS.index(name) for name in GROUPS["Blur"]]
    assert found.by_group["Blur"] == pytest.approx(table[blur].mean(), abs=1e-12)
    other = {name: dict.fromkeys(SEVERITIES, 0.5) for name in CORRUPTIONS}
    relative = corruption_metrics(accuracies, other, "another")
    assert relative.mce == pytest.approx(((1 - table).sum(1) / 2.5).mean(), abs=1e-12)
    assert relative.reference == "another"


def test_what_was_not_run_has_no_mean(accuracies):
    del accuracies["fog"][2]
    found = corruption_metrics(accuracies)
    assert found.mean is None
    assert found.mce is None
    assert "Weather" not in found.by_group
    assert "Noise" in found.by_group
    assert found.by_corruption["fog"] == pytest.approx(
        np.mean([accuracies["fog"][s] for s in (1, 3, 4, 5)]), abs=1e-12
    )


def test_a_reference_has_to_have_errors(accuracies):
    perfect = {name: dict.fromkeys(SEVERITIES, 1.0) for name in CORRUPTIONS}
    with pytest.raises(CrozeError, match="makes no error under gaussian_noise"):
        corruption_metrics(accuracies, perfect)
    with pytest.raises(CrozeError, match="no accuracy under gaussian_noise"):
        corruption_metrics(accuracies, {})


def test_the_average_of_tables_3_and_5(standard_network, small_set, tmp_path):
    plan = plan_evaluation("fgsm", "8/255", "none", [], "all")
    with Outcomes(tmp_path, {}) as outcomes:
        results = evaluate_conditions(
            standard_network, small_set, plan.conditions, outcomes=outcomes, limits=plan.limits
        )
    summary = summarise(plan.conditions, results, small_set)
    clean = results["clean"].accuracy
    fgsm = results["fgsm linf 8/255"].accuracy
    cc = np.mean([results[f"{name}@{s}"].accuracy for name in CORRUPTIONS for s in SEVERITIES])
    hrs = 2 * clean * fgsm / (clean + fgsm)
    average = np.mean([clean, cc, fgsm, hrs])
    assert summary.table3 == pytest.approx(
        {"clean": clean, "cc": cc, "fgsm": fgsm, "hrs": hrs, "avg": average, "images": 40}
    )
    assert summary.corruptions is not None
    assert summary.corruptions.mean < clean
    # no corruption counts as an attack
    assert summary.average_over_attacks == {"linf 8/255": Mean(pytest.approx(fgsm), 40)}


@pytest.mark.parametrize(
    "content", ["", "{}", '{"corruptions": null}', '{"corruptions": {"accuracies": {"fog": 1}}}']
)
def test_a_file_that_is_no_evaluation(standard_network, small_set, tmp_path, content):
    file = tmp_path / "evaluation.json"
    file.write_text(content)
    with pytest.raises(CrozeError, match=r"evaluation\.json"):
        evaluate(standard_network, small_set, attacks=None, mce_reference=file, out=tmp_path / "out")


def test_a_set_on_disk_gives_what_its_images_give(standard_network, small_set, tmp_path):
    rows = np.arange(len(small_set))
    write_set(tmp_path / "set", small_set, small_set.labels, ["fog", "jpeg"], seed=4)
    chosen = rows[::-1][:25].copy()
    planned = plan_evaluation("none", "8/255", "none", ["fog=20"], "fog@2,jpeg@5")
    plan = from_set(planned, tmp_path / "set", chosen, small_set.labels[chosen])
    subset = cached(small_set, chosen)
    with Outcomes(tmp_path, {}) as outcomes:
        found = evaluate_conditions(
            standard_network, subset, plan.conditions, outcomes=outcomes, limits=plan.limits, batch_size=10
        )
    for condition in plan.conditions[1:]:
        name, severity = condition.corruption.name, condition.corruption.severity
        stored = np.load(tmp_path / "set" / f"{name}.npy")[(severity - 1) * 40 :][chosen]
        x = torch.from_numpy(stored.transpose(0, 3, 1, 2).copy()).float() / 255
        with torch.no_grad():
            right = standard_network(x).argmax(1).numpy() == small_set.labels[chosen]
        count = 20 if name == "fog" else 25
        assert found[condition.key].correct.tolist() == right[:count].tolist()


def test_a_set_of_other_images_is_refused(small_set, tmp_path):
    write_set(tmp_path / "set", small_set, small_set.labels[::-1].copy(), ["fog"])
    plan = plan_evaluation("none", "8/255", "none", [], "fog@2")
    with pytest.raises(CrozeError, match="not those of the evaluation"):
        from_set(plan, tmp_path / "set", np.arange(40), small_set.labels)
    from_set(plan, tmp_path / "set", np.arange(40), small_set.labels[::-1])


def test_averages_rest_on_the_images_that_all_saw(small_set):
    rng = np.random.default_rng(1)
    plan = plan_evaluation("fgsm,pgd", "8/255", "none", [], "all")
    counts = {"fgsm linf 8/255": 12, "fog@3": 20}
    results = {
        condition.key: Result(condition.key, rng.random(counts.get(condition.key, 40)) < 0.5, 0, 0, 0, 0.0)
        for condition in plan.conditions
    }
    summary = summarise(plan.conditions, results, small_set)
    values = summary.table3
    assert values["images"] == 12
    assert values["clean"] == results["clean"].correct[:12].mean()
    assert values["cc"] == pytest.approx(
        np.mean([results[f"{name}@{s}"].correct[:12].mean() for name in CORRUPTIONS for s in SEVERITIES])
    )
    pgd = results["pgd linf 8/255"].correct[:12].mean()
    assert summary.average_over_attacks["linf 8/255"] == Mean(pytest.approx((values["fgsm"] + pgd) / 2), 12)
    assert Summary.from_json(json.loads(json.dumps(summary.to_json()))) == summary
    page = "\n".join(table.markdown() for table in tables(summary))
    assert "on 12 images" in page
    assert "| ALL (CC) |" in page
    of_class_3 = results["clean"].correct[small_set.labels == 3].mean()
    by_class = next(line for line in page.split("by class")[1].splitlines() if line.startswith("| clean |"))
    assert by_class.split("|")[5].strip() == f"{100 * of_class_3:.1f}"
    few = summarise(plan.conditions[:-1], results, small_set)
    assert few.table3 == summary.table3
    assert summarise(plan.conditions[:75], results, small_set).table3 is None
