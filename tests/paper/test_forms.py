import numpy as np
import pytest

from croze.errors import CrozeError
from croze.paper.forms import SETS, Best, best_by_set, find_forms, sets_of, with_components

NAN = float("nan")


def test_forms_are_found_in_their_order():
    names = [form.spec for form in find_forms("croze-positional,croze-paper(beta=1)")]
    assert names == ["croze-positional", "croze-paper(beta=1)"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("params", "params has no components: name forms of CRoZe, which are croze-paper, croze-official"),
        ("croze-paper,croze-paper(beta=2)", "croze-paper is named twice"),
        ("croze-private", "Unknown proxy 'croze-private'"),
        ("croze-robust", "croze-robust"),
    ],
)
def test_what_is_no_form_is_refused(text, message):
    with pytest.raises(CrozeError, match=message):
        find_forms(text)


def test_only_the_components_change():
    (form,) = find_forms("croze-paper(gamma=0.2,perturbation=pgd)")
    changed = with_components(form, ("gradients",))
    assert changed.spec == "croze-paper(components=gradients,perturbation=pgd,gamma=0.2)"
    assert with_components(form, ("gradients",), "none").perturbation == "none"


def test_the_sets_of_table_5():
    (form,) = find_forms("croze-positional")
    (found,) = sets_of([form]).values()
    assert list(found) == ["F", "F+P", "F+G", "P+G", "F+P+G"]
    letters = {"F": "features", "P": "parameters", "G": "gradients"}
    for name, proxy in found.items():
        assert proxy.components == tuple(letters[letter] for letter in name.split("+")) == SETS[name]


def test_only_what_every_set_has_a_score_for_is_ranked():
    scores = {"F": np.array([1.0, 9.0, 3.0, 2.0]), "P+G": np.array([5.0, NAN, 1.0, 2.0])}
    found = best_by_set(["a", "b", "c", "d"], scores)
    assert found == {"F": Best("c", 3.0, 3, 1), "P+G": Best("a", 5.0, 3, 1)}


def test_equal_scores_are_counted_and_the_first_string_stands_for_them():
    found = best_by_set(["z", "b", "c", "a"], {"F": np.array([2.0, 2.0, 1.0, 2.0])})
    assert found["F"] == Best("a", 2.0, 4, 3)


def test_without_a_score_there_is_no_choice():
    with pytest.raises(CrozeError, match=r"None of 2 architectures has a score under each of F, G"):
        best_by_set(["a", "b"], {"F": np.array([1.0, NAN]), "G": np.array([NAN, np.inf])})
