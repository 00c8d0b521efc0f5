"""The input perturbations by name."""

from __future__ import annotations

from collections.abc import Mapping

from croze.corruptions import parse_corruption
from croze.errors import CrozeError
from croze.perturb.base import Perturbation
from croze.perturb.corruption import Corrupting
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


CORRUPTION = "corruption:"
"""What stands before a corruption and its severity, as in `corruption:fog@3`."""


def find_perturbation(
    name: str, mean: tuple[float, ...] = (0.0,), std: tuple[float, ...] = (1.0,)
) -> Perturbation:
    """The perturbation of this name.

    Args:
        name: one of `PERTURBATIONS`, or a corruption such as `corruption:fog@3`.
        mean, std: normalisation of the inputs, which a corruption undoes; pixels without.

    Raises:
        CrozeError: for an unknown name; the message lists the known ones.
    """
    if name.startswith(CORRUPTION):
        return Corrupting(parse_corruption(name.removeprefix(CORRUPTION)), mean, std)
    try:
        return PERTURBATIONS[name]
    except KeyError:
        raise CrozeError(
            f"Unknown perturbation {name!r}; choose one of {', '.join(PERTURBATIONS)}, or a corruption such "
            f"as {CORRUPTION}fog@3."
        ) from None
