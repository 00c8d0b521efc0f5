"""The contract of a space, as one check to run on one's own: raises AssertionError with what broke."""

from __future__ import annotations

import ast
import dataclasses
import json
import pickle
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from croze.errors import CrozeError
from croze.nn.count import reachable_parameter_count
from croze.nn.forward import logits_of
from croze.nn.seeding import seeded
from croze.spaces import Space, space_from_json, space_to_json
from croze.spaces.graph import graphs_of
from croze.types import Architecture
from croze.user_code import user_modules

IMAGES = 4
BUILT = 3
"""How many architectures are built; the cheap checks look at more."""

SIZE_MAY_DIFFER = ("nasbench201",)
"""Spaces with the classes of published tables, which take a convolution used twice for two of a kind."""


def check_space(
    space: Space[Any], *, samples: int = 50, classes: int = 7, shape: tuple[int, int, int] = (3, 32, 32)
) -> None:
    """Values, notation, moves, canonical form, graphs, networks and export of a space, on seeded samples.

    Args:
        samples: architectures that the cheap checks look at; three of them are also built.
        classes: of the networks.
        shape: of one image, `(C, H, W)`.

    Raises:
        AssertionError: with what broke.
    """
    check_settings(space)
    with unmoved("sampling, moving and parsing"):
        drawn = [space.sample(random.Random(seed)) for seed in range(samples)]
        again = [space.sample(random.Random(seed)) for seed in range(samples)]
        assert drawn == again, "samples do not follow the seed"
        assert len(set(drawn)) > 1, "every sample is the same"
        met: list[Any] = []
        for seed, architecture in enumerate(drawn):
            check_value(space, architecture)
            met += [architecture, *check_moves(space, architecture, seed)]
        for architecture in drawn[:BUILT]:
            check_notation(space, str(architecture))
            check_graph(space, architecture)
    check_description(space)
    check_travel(space, drawn[0])
    for architecture in drawn[:BUILT]:
        check_network(space, architecture, classes, shape)
    if space.name not in SIZE_MAY_DIFFER:
        twins = [a for a in dict.fromkeys(met) if space.canonical(a) != a]
        for architecture in twins[:: max(1, len(twins) // BUILT)][:BUILT]:
            check_size_of_class(space, architecture, classes, shape)


def check_settings(space: Space[Any]) -> None:
    """A name, flavours, and a repr that names every setting and nothing of this process."""
    assert isinstance(space.name, str), f"the name of a space is a text, not {space.name!r}"
    assert space.name, "the space has an empty name"
    flavours = space.flavours
    assert isinstance(flavours, tuple), f"flavours are a tuple, not {flavours!r}"
    assert flavours, "the space has no flavours"
    assert len(set(flavours)) == len(flavours), f"a flavour stands twice in {flavours}"
    text = repr(space)
    assert " at 0x" not in text, f"repr must name the space's settings, not an address in memory: {text}"
    if dataclasses.is_dataclass(space):
        for field in dataclasses.fields(space):
            assert f"{field.name}={getattr(space, field.name)!r}" in text, (
                f"repr does not name the setting {field.name}, so scores with another would be taken for "
                f"those of this space: {text}"
            )


def check_description(space: Space[Any]) -> None:
    """What is written of the space as JSON opens an equal one, where it says how the space was made."""
    described = json.loads(json.dumps(space_to_json(space)))
    if described["settings"] is None or (
        "spec" in described and sys.modules.get(type(space).__module__) not in user_modules()
    ):
        return  # made in a way that is not known, or in a script that must not run twice
    opened = space_from_json(described)
    assert repr(opened) == repr(space), f"the space is {opened!r} once it was written as JSON, not {space!r}"


def check_graph(space: Space[Any], architecture: Architecture) -> None:
    """Cells as graphs, where a space has them: edges run forward, equal architectures have equal graphs."""
    graphs = graphs_of(space, architecture)
    assert graphs == graphs_of(space, space.parse(str(architecture))), (
        f"equal architectures {architecture} have unequal graphs"
    )
    for graph in graphs:
        for edge in graph.edges:
            assert 0 <= edge.source < edge.target < len(graph.nodes), (
                f"an edge of {graph.title!r} of {architecture} runs from node {edge.source} to "
                f"{edge.target}, where there are {len(graph.nodes)} nodes and edges run forward"
            )
            assert edge.joined == (not edge.label), f"an edge of {graph.title!r} needs operation and label"


def check_value(space: Space[Any], architecture: Architecture) -> None:
    """Hashable, round trip through text, canonical form stable and itself canonical."""
    text = str(architecture)
    parsed = space.parse(text)
    assert parsed == architecture, f"{text} does not parse back"
    assert hash(parsed) == hash(architecture), f"{text} has another hash once parsed"
    canonical = space.canonical(architecture)
    assert canonical == space.canonical(architecture), f"the canonical form of {text} changes"
    assert space.canonical(canonical) == canonical, f"the canonical form of {text} is not canonical"
    assert space.parse(str(canonical)) == canonical, f"the canonical form of {text} does not parse back"


def check_moves(space: Space[Any], architecture: Architecture, seed: int) -> list[Any]:
    """Children follow the seed and are neighbours; neighbours differ, are mutual and valid. Gives a few."""
    before = str(architecture)
    child = space.mutate(architecture, random.Random(seed))
    assert str(architecture) == before, f"moving from {before} changes it to {architecture}"
    assert child == space.mutate(architecture, random.Random(seed)), "moves do not follow the seed"
    assert child != architecture, f"the child of {architecture} is its parent"
    neighbours = space.neighbours(architecture)
    assert child in neighbours, f"{child} is no neighbour of {architecture}"
    assert len(set(neighbours)) == len(neighbours), f"{architecture} has a neighbour twice"
    assert architecture not in neighbours, f"{architecture} is its own neighbour"
    some = [*neighbours[:: max(1, len(neighbours) // 3)][:3], child]
    for neighbour in some:
        check_value(space, neighbour)
        assert architecture in space.neighbours(neighbour), (
            f"neighbours are not mutual: {neighbour} is one of {architecture}, which is none of it"
        )
    return some


def check_notation(space: Space[Any], text: str) -> None:
    """Text that was damaged is refused by a CrozeError, or is another architecture that reads as one."""
    damaged = [text[:i] + text[i + 1 :] for i in range(len(text))]
    damaged += ["", " ", text + text, text[: len(text) // 2], text.upper() + "?", "\0"]
    for wrong in damaged:
        try:
            found = space.parse(wrong)
        except CrozeError:
            continue
        except Exception as problem:
            raise AssertionError(
                f"parse({wrong!r}) raises {type(problem).__name__} ({problem}), not a CrozeError"
            ) from problem
        assert space.parse(str(found)) == found, (
            f"parse takes {wrong!r}, but what it gives does not parse back"
        )


def check_travel(space: Space[Any], architecture: Architecture) -> None:
    """Space and architectures go to another process and back."""
    for thing, what in ((space, "the space"), (architecture, "an architecture")):
        try:
            copy = pickle.loads(pickle.dumps(thing))
        except Exception as problem:
            raise AssertionError(
                f"{what} cannot be pickled, so it cannot go to worker processes ({problem})"
            ) from problem
        assert repr(copy) == repr(thing), f"{what} is {copy!r} once it was pickled, not {thing!r}"
        if thing is architecture:
            assert copy == architecture, f"{architecture} is another once it was pickled"
        else:
            drawn = copy.sample(random.Random(1))
            assert drawn == space.sample(random.Random(1)), (
                "the space draws other samples once it was pickled"
            )


def check_network(
    space: Space[Any], architecture: Architecture, classes: int, shape: tuple[int, int, int] = (3, 32, 32)
) -> None:
    """Weights follow the seed, logits have the classes, it can learn, its export gives the same network."""
    text = str(architecture)
    images = torch.rand(IMAGES, *shape, generator=torch.Generator().manual_seed(0))
    with unmoved(f"building {text}"):
        networks = [space.build(architecture, classes=classes, seed=seed) for seed in (1, 1, 2)]
    assert isinstance(networks[0], nn.Module), (
        f"build gives a {type(networks[0]).__name__}, not a torch.nn.Module"
    )
    states = [network.state_dict() for network in networks]
    assert _equal(states[0], states[1]), f"weights of {text} do not follow the seed"
    assert not _equal(states[0], states[2]), f"weights of {text} ignore the seed"
    logits = _logits(networks[0], images, f"the network of {text}")
    assert logits.shape == (IMAGES, classes), (
        f"logits of {text} have shape {tuple(logits.shape)}, not {(IMAGES, classes)}"
    )
    _check_it_can_learn(networks[0], logits, text)
    for flavour in space.flavours:
        other = space.build(architecture, classes=classes, seed=1, flavour=flavour)
        found = tuple(_logits(other, images, f"the flavour {flavour} of {text}").shape)
        assert found == (IMAGES, classes), f"logits of the flavour {flavour} have shape {found}"
    _check_unknown_flavour(space, architecture, classes)
    with unmoved(f"exporting {text}"):
        source = space.export(architecture, classes=classes)
    _check_export(source, text, states[1], images, logits)


def check_size_of_class(
    space: Space[Any], architecture: Architecture, classes: int, shape: tuple[int, int, int] = (3, 32, 32)
) -> None:
    """The canonical form has as many parameters connected with the logits as what it stands for."""
    canonical = space.canonical(architecture)
    own, standing = (
        reachable_parameter_count(space.build(a, classes=classes, seed=1), shape)
        for a in (architecture, canonical)
    )
    assert own == standing, (
        f"{canonical} is the canonical form of {architecture}, but the network has {standing:,} connected "
        f"parameters, not {own:,}: they are not the same"
    )


@contextmanager
def unmoved(what: str) -> Iterator[None]:
    """Raise AssertionError when the body moves the global random state or a setting of torch."""
    before = _global_state()
    yield
    after = _global_state()
    for name, value in before.items():
        same = torch.equal(value, after[name]) if isinstance(value, Tensor) else value == after[name]
        assert same, f"{what} moves the global {name}"


def _global_state() -> dict[str, Any]:
    return {
        "random state of torch": torch.get_rng_state(),
        "random state of random": random.getstate(),
        "random state of NumPy": repr(np.random.get_state()),
        "number of threads of torch": torch.get_num_threads(),
        "default dtype of torch": torch.get_default_dtype(),
        "gradient mode of torch": torch.is_grad_enabled(),
        "determinism of torch": torch.are_deterministic_algorithms_enabled(),
    }


def _equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def _logits(network: nn.Module, images: Tensor, what: str) -> Tensor:
    """In training mode, dropout and its like drawn from the same seed every time."""
    network.train()
    with seeded(0):
        try:
            logits = logits_of(network(images.clone()))
        except CrozeError as problem:
            raise AssertionError(f"{what} returns no logits: {problem}") from problem
    assert bool(torch.isfinite(logits).all()), f"{what} returns logits that are not finite"
    return logits


def _check_it_can_learn(network: nn.Module, logits: Tensor, text: str) -> None:
    trainable = [p for p in network.parameters() if p.requires_grad]
    assert trainable, f"the network of {text} has nothing to train"
    labels = torch.arange(len(logits)) % logits.shape[1]
    loss = nn.functional.cross_entropy(logits, labels)
    assert loss.requires_grad, f"the logits of {text} depend on no parameter"
    gradients = torch.autograd.grad(loss, trainable, allow_unused=True)
    reached = [g for g in gradients if g is not None]
    assert all(bool(torch.isfinite(g).all()) for g in reached), f"gradients of {text} are not finite"
    assert any(bool(g.any()) for g in reached), f"no gradient reaches a parameter of {text}"


def _check_unknown_flavour(space: Space[Any], architecture: Architecture, classes: int) -> None:
    try:
        space.build(architecture, classes=classes, seed=1, flavour="no such flavour")
    except CrozeError:
        return
    raise AssertionError(
        "build takes a flavour that the space does not name, where it must raise a CrozeError"
    )


def _check_export(source: str, text: str, state: dict[str, Tensor], images: Tensor, logits: Tensor) -> None:
    for module in _imported(ast.parse(source)):
        assert module == "torch" or module in sys.stdlib_module_names, (
            f"the export of {text} imports {module}, and may need nothing but torch"
        )
    scope: dict[str, Any] = {"__name__": "exported"}
    exec(compile(source, "exported.py", "exec"), scope)
    assert callable(scope.get("build")), f"the export of {text} has no function build()"
    with seeded(0):
        exported = scope["build"]()
    assert exported.state_dict().keys() == state.keys(), f"the export of {text} has parameters of other names"
    exported.load_state_dict(state)
    assert torch.equal(_logits(exported, images, f"the export of {text}"), logits), (
        f"the exported network of {text} computes something else"
    )


def _imported(tree: ast.AST) -> Sequence[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name.split(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.module or ".").split(".")[0] if not node.level else ".")
    return found
