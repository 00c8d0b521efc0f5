"""Perturbations of inputs and of weights, shared by the proxies and by the evaluation of trained models."""

from croze.perturb.base import Perturbation
from croze.perturb.inputs import PERTURBATIONS, find_perturbation

__all__ = ["PERTURBATIONS", "Perturbation", "find_perturbation"]
