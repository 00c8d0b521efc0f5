import numpy as np
import pytest

from croze.corruptions.names import CORRUPTIONS, SEVERITIES
from croze.errors import CrozeError
from croze.paper.protocol_rows import ADVERSARIAL, STANDARD, attack_columns, values_of
from croze.robustness.plan import plan_evaluation

CORRUPTED = {
    f"{kind}@{severity}": 0.01 * (i + 10 * severity)
    for i, kind in enumerate(CORRUPTIONS)
    for severity in SEVERITIES
}
FGSM = {"fgsm": "fgsm@8"}


def test_the_attacks_of_the_tables_are_those_of_the_paper():
    assert attack_columns(plan_evaluation("fgsm", "8/255", "none", [], "all")) == FGSM
    found = attack_columns(plan_evaluation("pgd,cw,spsa,lgv,autoattack", "8/255", "none", []))
    assert tuple(found) == tuple(name for name in ADVERSARIAL if name not in ("clean", "avg"))
    assert found["pgd"] == "pgd@8"
    assert attack_columns(plan_evaluation("spsa(iterations=2)", "8/255", "none", [])) == {
        "spsa": "spsa(iterations=2)@8"
    }


def test_an_attack_that_is_there_twice():
    with pytest.raises(CrozeError, match="one column an attack: name pgd once"):
        attack_columns(plan_evaluation("pgd,pgd(steps=5)", "8/255", "none", []))


def test_standard_training():
    found = values_of({"clean": 0.9, "fgsm@8": 0.3, **CORRUPTED}, FGSM, STANDARD)
    assert tuple(found) == STANDARD
    assert found["cc"] == pytest.approx(np.mean(list(CORRUPTED.values())), abs=1e-12)
    assert found["hrs"] == pytest.approx(2 / (1 / 0.9 + 1 / 0.3), abs=1e-12)


def test_the_average_of_the_five_leaves_clean_out():
    attacks = attack_columns(plan_evaluation("pgd,cw,spsa,lgv,autoattack", "8/255", "none", []))
    columns = {"clean": 0.9} | {column: 0.1 * i for i, column in enumerate(attacks.values())}
    found = values_of(columns, attacks, ADVERSARIAL)
    assert tuple(found) == ADVERSARIAL
    assert found["avg"] == pytest.approx(0.2, abs=1e-12)


@pytest.mark.parametrize("lost", ["fog@3", "clean", "fgsm@8"])
def test_what_was_not_measured_is_no_value(lost):
    columns = {"clean": 0.9, "fgsm@8": 0.3, **CORRUPTED}
    del columns[lost]
    gone = {"fog@3": {"cc"}, "clean": {"clean", "hrs"}, "fgsm@8": {"fgsm", "hrs"}}[lost]
    assert set(STANDARD) - set(values_of(columns, FGSM, STANDARD)) == gone


def test_four_attacks_have_no_average():
    attacks = attack_columns(plan_evaluation("pgd,cw,spsa,lgv", "8/255", "none", []))
    found = values_of(dict.fromkeys(["clean", *attacks.values()], 0.5), attacks, ADVERSARIAL)
    assert set(found) == {"clean", "pgd", "cw", "spsa", "lgv"}
