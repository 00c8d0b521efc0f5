"""RobNet: cells of 14 two-bit edges as values, the networks of Guo et al. 2020, isomorphism, export."""

from croze.spaces.robnet.edges import Edges
from croze.spaces.robnet.space import RobNet

__all__ = ["Edges", "RobNet"]
