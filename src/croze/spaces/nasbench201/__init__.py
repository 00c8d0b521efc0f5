"""NAS-Bench-201: cells as values, the benchmark's network, isomorphism, export."""

from croze.spaces.nasbench201.cell import Cell
from croze.spaces.nasbench201.space import NASBench201

__all__ = ["Cell", "NASBench201"]
