"""The contract of a space, as one check to run on one's own: raises AssertionError with what broke."""

from __future__ import annotations

import random
from typing import Any

import torch

from croze.spaces import Space
from croze.types import Architecture


def check_space(space: Space[Any], *, samples: int = 50, classes: int = 7) -> None:
    """Values, notation, moves, canonical form, networks and export of a space, on seeded samples.

    Args:
        samples: architectures that the cheap checks look at; three of them are also built.
        classes: of the networks.
    """
    drawn = [space.sample(random.Random(seed)) for seed in range(samples)]
    again = [space.sample(random.Random(seed)) for seed in range(samples)]
    assert drawn == again, "samples do not follow the seed"
    assert len(set(drawn)) > 1, "every sample is the same"
    for seed, architecture in enumerate(drawn):
        check_value(space, architecture)
        child = space.mutate(architecture, random.Random(seed))
        assert child == space.mutate(architecture, random.Random(seed)), "moves do not follow the seed"
        assert child != architecture, f"the child of {architecture} is its parent"
        neighbours = space.neighbours(architecture)
        assert child in neighbours, f"{child} is no neighbour of {architecture}"
        assert len(set(neighbours)) == len(neighbours), f"{architecture} has a neighbour twice"
        assert all(architecture in space.neighbours(n) for n in neighbours[:3]), "neighbours are not mutual"
        check_value(space, child)
    assert eval_free_repr(space), "repr must name the space's settings"
    for architecture in drawn[:3]:
        check_network(space, architecture, classes)


def check_value(space: Space[Any], architecture: Architecture) -> None:
    """Hashable, round trip through text, canonical form stable and itself canonical."""
    text = str(architecture)
    parsed = space.parse(text)
    assert parsed == architecture, f"{text} does not parse back"
    assert hash(parsed) == hash(architecture)
    canonical = space.canonical(architecture)
    assert space.canonical(canonical) == canonical, f"the canonical form of {text} is not canonical"


def check_network(space: Space[Any], architecture: Architecture, classes: int) -> None:
    """Weights follow the seed, logits have the classes, the exported file gives the same network."""
    images = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    random_state = torch.get_rng_state()
    networks = [space.build(architecture, classes=classes, seed=seed) for seed in (1, 1, 2)]
    assert torch.equal(random_state, torch.get_rng_state()), "building moves the global random state"
    states = [network.state_dict() for network in networks]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0]), (
        "weights do not follow the seed"
    )
    assert any(not torch.equal(states[0][key], states[2][key]) for key in states[0]), (
        "weights ignore the seed"
    )
    logits = networks[0](images)
    assert logits.shape == (4, classes), f"logits have shape {tuple(logits.shape)}"
    for flavour in space.flavours:
        assert space.build(architecture, classes=classes, seed=1, flavour=flavour)(images).shape == (
            4,
            classes,
        )
    source = space.export(architecture, classes=classes)
    assert "croze" not in "".join(line for line in source.splitlines() if "import" in line), (
        "export imports croze"
    )
    scope: dict[str, Any] = {"__name__": "exported"}
    exec(compile(source, "exported.py", "exec"), scope)
    exported = scope["build"]()
    exported.load_state_dict(states[1])
    assert torch.equal(exported(images), logits), "the exported network computes something else"


def eval_free_repr(space: Space[Any]) -> bool:
    """Whether the repr is one of content, not of an address in memory."""
    return " at 0x" not in repr(space)
