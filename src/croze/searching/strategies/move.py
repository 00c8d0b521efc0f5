"""Move: sampling around the current best (AE+move in the paper's section 4.3)."""

from __future__ import annotations

from typing import TypeVar

from croze.errors import CrozeError
from croze.searching.strategies.base import Guide, Merits, Moves, ranked
from croze.searching.strategies.evolution import AgingPopulation

A = TypeVar("A")


class Move(AgingPopulation[A]):
    """Evolution whose children are all neighbours of the best of the population.

    Each neighbour is asked for once. When those of the best are used up, the next best has its turn (the
    younger of equals), and when nobody has any left, a random architecture. Without a guide the neighbours
    come in random order, with one best first by its scores.

    Abdelfattah et al. (2021) rate the mutations of the winner of a tournament instead, and take a random one
    of them a quarter of the time. The paper samples "around the architecture with the highest proxy values",
    so here the parent is the best and no draw decides.

    Args:
        population: length of the queue, of which the oldest leaves, however good it is.
        neighbours_per_parent: neighbours drawn for each child, of which the guide chooses; None or 0 for all,
            which the guide then sees in one call for each parent.
        guide: scores the neighbours; one without a score is never asked for.

    Raises:
        CrozeError: for a population below 1, a negative `neighbours_per_parent`, or one without a guide.
    """

    def __init__(
        self,
        moves: Moves[A],
        seed: int,
        population: int = 50,
        neighbours_per_parent: int | None = None,
        guide: Guide[A] | None = None,
    ) -> None:
        super().__init__(moves, seed, population)
        count = neighbours_per_parent
        if count is not None and count < 0:
            raise CrozeError(f"neighbours_per_parent must be at least 1, or 0 for all, got {count}.")
        if count and guide is None:
            raise CrozeError(
                f"neighbours_per_parent of {count} needs a guide that chooses one of them: name a guide "
                "or leave it out."
            )
        self._drawn = count or None
        self._guide = guide
        self._left: dict[A, list[A]] = {}  # of each parent so far: neighbours to come, the next one last

    def child(self) -> A | None:
        youngest_first = reversed(self._population)
        for parent, _ in sorted(youngest_first, key=lambda member: member[1], reverse=True):
            chosen = self._neighbour(parent)
            if chosen is not None:
                return chosen
        return None

    def tell(self, architecture: A, merits: Merits | None) -> None:
        """As in evolution; the neighbours of those who left are forgotten now and then."""
        super().tell(architecture, merits)
        if len(self._left) > 2 * self._size:
            members = {member for member, _ in self._population}
            self._left = {parent: left for parent, left in self._left.items() if parent in members}

    def _neighbour(self, parent: A) -> A | None:
        if parent not in self._left:
            self._left[parent] = self._ordered(parent)
        left = self._left[parent]
        if self._guide is not None and self._drawn is not None:
            return self._best_of_drawn(self._guide, left, self._drawn)
        while left:
            chosen = left.pop()
            if chosen not in self._fresh:
                return chosen
        return None

    def _ordered(self, parent: A) -> list[A]:
        left = [neighbour for neighbour in self._moves.neighbours(parent) if neighbour not in self._fresh]
        self._rng.shuffle(left)
        if self._guide is None or self._drawn is not None or not left:
            return left
        return ranked(self._guide, left)

    def _best_of_drawn(self, guide: Guide[A], left: list[A], size: int) -> A | None:
        left[:] = [neighbour for neighbour in left if neighbour not in self._fresh]
        while left:
            drawn = self._rng.sample(left, min(size, len(left)))
            rated = ranked(guide, drawn)
            gone = set(drawn).difference(rated[:-1])  # the chosen one, and those without a score
            left[:] = [neighbour for neighbour in left if neighbour not in gone]
            if rated:
                return rated[-1]
        return None
