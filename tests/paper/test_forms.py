import pytest

from croze.errors import CrozeError
from croze.paper.forms import find_forms, with_components


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
