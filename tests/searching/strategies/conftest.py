"""A caller like a search: canonical, each one once, blocks asked ahead, told in the order of asking."""

from __future__ import annotations

import random
from collections import deque

import pytest

from croze.searching.strategies import ALGORITHMS, make_algorithm, settings_of

SMALL = {"population": 6, "tournament": 3, "pool": 12}


def run(
    algorithm,
    objective,
    budget,
    canonical=lambda a: a,
    *,
    admissible=lambda a: True,
    block=16,
    tries=1000,
):
    """What was told, in order, until the budget or `tries` proposals in a row that came to nothing.

    `objective` gives merits, or None for a failure; what is not admissible is never told.
    """
    seen, told, blocks, misses, asked = set(), [], deque(), 0, 0
    while True:
        while len(blocks) < 2 and asked < budget and misses < tries:
            proposals = []
            while len(proposals) < min(block, budget - asked) and misses < tries:
                architecture = canonical(algorithm.ask())
                misses += 1
                if architecture not in seen and admissible(architecture):
                    proposals.append(architecture)
                    misses = 0
                seen.add(architecture)
            asked += len(proposals)
            blocks.append(proposals)
        if not any(blocks):
            return told
        for architecture in blocks.popleft():
            told.append(architecture)
            algorithm.tell(architecture, objective(architecture))


class SpyMoves:
    """Architectures are numbers in the order of their making; remembers whose child each is.

    The neighbours of n are n + 0.1, n + 0.2, n + 0.3 in the first generation, a digit deeper each time.
    """

    def __init__(self):
        self.made = 0
        self.parents = []
        self.expanded = []

    def sample(self, rng):
        rng.random()
        self.made += 1
        return self.made

    def mutate(self, architecture, rng):
        self.parents.append(architecture)
        self.made += 1
        return self.made

    def neighbours(self, architecture):
        self.expanded.append(architecture)
        return [f"{architecture}.{i}" for i in (1, 2, 3)]


class Grid:
    """24 cells, 4 by 6, moves to the sides; smaller than every default population."""

    def sample(self, rng):
        return rng.randrange(4), rng.randrange(6)

    def mutate(self, architecture, rng):
        return rng.choice(self.neighbours(architecture))

    def neighbours(self, architecture):
        x, y = architecture
        around = [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)]
        return [(a, b) for a, b in around if 0 <= a < 4 and 0 <= b < 6]


class Renaming:
    """24 classes of architectures whose moves lead to other names of the same one, without end."""

    def sample(self, rng):
        return rng.randrange(24), rng.random()

    def mutate(self, architecture, rng):
        return architecture[0], rng.random()

    def neighbours(self, architecture):
        rng = random.Random(str(architecture))
        return [(architecture[0], rng.random()) for _ in range(300)]

    def canonical(self, architecture):
        return architecture[0], 0.0


@pytest.fixture(scope="session")
def drive():
    return run


@pytest.fixture
def spy_moves():
    return SpyMoves()


@pytest.fixture
def grid():
    return Grid()


@pytest.fixture
def renaming():
    return Renaming()


WAYS = [
    (name, guided)
    for name in ALGORITHMS
    for guided in (False, True)
    if (guided and ("warmup" in name or "move" in name)) or (not guided and name != "random+warmup")
]


@pytest.fixture(params=WAYS, ids=lambda way: way[0] + (" with a guide" if way[1] else ""))
def strategy(request):
    """Every strategy, with a guide and without where it works both ways, at a small size."""
    name, guided = request.param

    def make(moves, seed, opinion=lambda architecture: hash_of(architecture)):
        settings = {key: value for key, value in SMALL.items() if key in settings_of(name)}
        guide = (lambda architectures: [opinion(a) for a in architectures]) if guided else None
        return make_algorithm(name, moves, seed, guide=guide, **settings)

    return make


def hash_of(architecture):
    """An opinion without sense, the same in every process."""
    return random.Random(str(architecture)).random()
