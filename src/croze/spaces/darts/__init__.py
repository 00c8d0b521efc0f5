"""DARTS: genotypes as values, the networks of the field, isomorphism, export."""

from croze.spaces.darts.genotype import Genotype
from croze.spaces.darts.space import Darts

__all__ = ["Darts", "Genotype"]
