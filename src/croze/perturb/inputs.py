"""The input perturbations by name."""

from __future__ import annotations

from collections.abc import Mapping

from croze.errors import CrozeError
from croze.perturb.base import Perturbation
from croze.perturb.fgsm import FGSM
from croze.perturb.noise import Gaussian, Uniform, Unperturbed
from croze.perturb.pgd import PGD

PERTURBATIONS: Mapping[str, Perturbation] = {
    "fgsm": FGSM(),
    "pgd": PGD(),
    "gaussian": Gaussian(),
    "uniform": Uniform(),
    "none": Unperturbed(),
}


def find_perturbation(name: str) -> Perturbation:
    """The perturbation of this name.

    Raises:
        CrozeError: for an unknown name; the message lists the known ones.
    """
    try:
        return PERTURBATIONS[name]
    except KeyError:
        raise CrozeError(
            f"Unknown perturbation {name!r}; choose one of {', '.join(PERTURBATIONS)}."
        ) from None
