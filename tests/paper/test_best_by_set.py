import numpy as np
import pytest

from croze.errors import CrozeError
from croze.paper.best_by_set import SETS, Best, best_by_set, forms_by_set
from croze.paper.forms import find_forms

NAN = float("nan")


def test_the_sets_of_table_5():
    (form,) = find_forms("croze-positional")
    found = forms_by_set(form)
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
