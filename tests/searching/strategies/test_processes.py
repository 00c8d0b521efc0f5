"""Strings hash differently in every process: no strategy may depend on it."""

import os
import subprocess
import sys

PROGRAM = """
import random
from croze.searching.strategies import ALGORITHMS, make_algorithm, settings_of, takes_guide

LETTERS = "abcde"

class Words:
    def sample(self, rng):
        return "".join(rng.choices(LETTERS, k=5))

    def mutate(self, word, rng):
        return rng.choice(self.neighbours(word))

    def neighbours(self, word):
        return [word[:i] + c + word[i + 1:] for i in range(5) for c in LETTERS if c != word[i]]

def value(word):
    return float(sum(i * ord(c) for i, c in enumerate(word, start=1)) % 101)

small = {"population": 8, "tournament": 3, "pool": 40, "neighbours_per_parent": 5}
for name in ALGORITHMS:
    for guide in (lambda words: [value(w[::-1]) for w in words], None):
        if (guide and not takes_guide(name)) or (not guide and name == "random+warmup"):
            continue
        known = set(settings_of(name)) - (set() if guide else {"neighbours_per_parent"})
        own = {k: v for k, v in small.items() if k in known}
        algorithm = make_algorithm(name, Words(), 1, guide=guide, **own)
        waiting = []
        for _ in range(400):
            waiting.append(algorithm.ask())
            if len(waiting) > 8:
                word = waiting.pop(0)
                algorithm.tell(word, (value(word), -value(word) % 17))
        print(name, bool(guide), waiting)
"""


def test_every_strategy_proposes_the_same_in_every_process():
    printed = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert printed[0] == printed[1]
    assert len(printed[0].splitlines()) == 11
