"""A space as numbers: the architectures of a truth, and the moves between them."""

from __future__ import annotations

import random
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom

from croze.errors import CrozeError
from croze.spaces import Space
from croze.truth import Truth


class TabularMoves:
    """Moves between the positions of a truth, for strategies that are replayed many times.

    An architecture is its position in the truth. Every string is drawn with the same probability, as
    `croze search` draws, so a class of isomorphic cells has as many chances as it has strings. A mutation is
    a uniform draw from the neighbours, which is what the mutation of NAS-Bench-201 amounts to. What is not
    among the cells is never given: such a neighbour is drawn anew.

    Args:
        truth: the architectures.
        space: says what is one move away.
        cells: positions of the strings that may be given; all members of a class or none of them.

    Raises:
        CrozeError: no cell, or a space that is not the truth's.
    """

    def __init__(self, truth: Truth, space: Space[Any], cells: NDArray[np.int64]) -> None:
        if len(cells) == 0:
            raise CrozeError(f"A simulation needs cells of {truth.name}, got none.")
        if space.name != truth.space:
            raise CrozeError(
                f"The cells of {truth.name} are of the space {truth.space}, got the space {space.name}."
            )
        self._truth = truth
        self._space = space
        self.cells: list[int] = cells.tolist()
        self.representative: list[int] = truth.representative.tolist()
        self._allowed = set(self.cells)
        self._neighbours: dict[int, list[int]] = {}

    @cached_property
    def representatives(self) -> NDArray[np.int64]:
        """Positions of the representatives of the classes, ascending."""
        return np.unique(self._truth.representative[self.cells])

    @cached_property
    def members(self) -> NDArray[np.int64]:
        """How many strings each of these classes has."""
        return np.unique(self._truth.representative[self.cells], return_counts=True)[1]

    def sample(self, rng: random.Random) -> int:
        """Any of the strings, each with the same probability."""
        return self.cells[int(rng.random() * len(self.cells))]

    def mutate(self, architecture: int, rng: random.Random) -> int:
        """One of the neighbours, each with the same probability; a sample where there are none."""
        neighbours = self.neighbours(architecture)
        return neighbours[int(rng.random() * len(neighbours))] if neighbours else self.sample(rng)

    def neighbours(self, architecture: int) -> list[int]:
        """Those one move away that are among the cells."""
        if architecture not in self._neighbours:
            parent = self._space.parse(self._truth.architectures[architecture])
            near = [self._place.get(str(cell), -1) for cell in self._space.neighbours(parent)]
            self._neighbours[architecture] = [place for place in near if place in self._allowed]
        return self._neighbours[architecture]

    def classes_among(self, strings: int) -> float:
        """How many classes so many different strings hold, on average over all ways to draw them."""
        n = len(self.cells)
        return float((1 - hypergeom.pmf(0, n, self.members, min(strings, n))).sum())

    @cached_property
    def _place(self) -> dict[str, int]:
        return {architecture: i for i, architecture in enumerate(self._truth.architectures)}
