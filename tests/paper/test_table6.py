import numpy as np
import pytest

from croze.errors import CrozeError
from croze.paper.table6 import top_and_bottom

NAMES = tuple("abcdefgh")


@pytest.fixture
def columns():
    rng = np.random.default_rng(0)
    return {name: rng.uniform(0.2, 0.9, 8) for name in ("clean", "corruptions", "pgd@8", "fgsm@8")}


def test_groups_and_their_means(columns):
    merit = np.array([1.0, 8.0, 3.0, 7.0, 2.0, 6.0, 4.0, 5.0])
    robust = np.array([0.5, 0.1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])  # b is too weak
    top, bottom = top_and_bottom(NAMES, {"p": merit}, columns, columns, robust, size=2)
    assert top.architectures == ("d", "f")
    assert bottom.architectures == ("e", "a")
    assert (top.among, top.left_out) == (7, 1)
    rows = [3, 5]
    means = {name: values[rows].mean() for name, values in columns.items()}
    assert top.standard == pytest.approx(
        {
            "clean": means["clean"],
            "cc": means["corruptions"],
            "pgd": means["pgd@8"],
            "fgsm": means["fgsm@8"],
            "avg_robust": np.mean([means["corruptions"], means["pgd@8"], means["fgsm@8"]]),
        }
    )
    clean, pgd = (columns[name][rows] for name in ("clean", "pgd@8"))
    assert top.adversarial["hrs_pgd"] == pytest.approx((2 * clean * pgd / (clean + pgd)).mean())


def test_what_is_not_known_is_left_out(columns):
    del columns["pgd@8"]
    (top, _) = top_and_bottom(NAMES, {"p": np.arange(8.0)}, columns, None, np.ones(8), size=3)
    assert set(top.standard) == {"clean", "cc", "fgsm"}
    assert top.adversarial == {}


def test_failed_scores_are_in_no_group(columns):
    merit = np.arange(8.0)
    merit[[0, 7]] = np.nan
    top, bottom = top_and_bottom(NAMES, {"p": merit, "q": np.arange(8.0)}, columns, None, np.ones(8), size=2)[
        2:
    ]
    assert (top.proxy, top.architectures, bottom.architectures) == ("q", ("g", "f"), ("c", "b"))


def test_too_few_cells(columns):
    with pytest.raises(CrozeError, match="Two groups of 5 need 10 cells of at least 20%"):
        top_and_bottom(NAMES, {"p": np.arange(8.0)}, columns, None, np.ones(8))
