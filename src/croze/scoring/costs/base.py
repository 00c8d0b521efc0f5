"""What a cost is: a size or a time of an architecture, measured or looked up; no proxy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from torch import Tensor, nn

Build = Callable[[], nn.Module]
"""Makes the network of an architecture, when it is needed."""


class Cost(ABC):
    """Frozen dataclasses; less is better.

    Class attributes:
        unit: what the values are in.
        kept: whether a store keeps the values, because measuring again would give others; what is looked up
            is not kept.
    """

    unit: ClassVar[str]
    kept: ClassVar[bool]
    higher_is_better: ClassVar[bool] = False

    @property
    @abstractmethod
    def spec(self) -> str:
        """The name, and whatever another value would come from."""

    @abstractmethod
    def of(self, architecture: str, build: Build, inputs: Tensor) -> float:
        """The cost of an architecture.

        Args:
            architecture: its string.
            build: its network, on the device of `inputs`.
            inputs: what networks of the space take, `(N, C, H, W)`.

        Raises:
            CrozeError: when there is none.
        """
