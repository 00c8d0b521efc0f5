"""States of a network that proxies look at: initialised, after some steps of training, trained to the end.

A state's weights are theta in Eq. 3-10, everything else of a score stays. It is an evaluator of its own, so
that its scores are computed by the same workers and kept in the same store, under a context that names it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from torch import nn

from croze.data import Dataset
from croze.errors import CrozeError
from croze.proxies import Proxy
from croze.ranking.scored import Scored, collect
from croze.scoring.evaluator import Evaluator
from croze.scoring.ledger import Ledger
from croze.scoring.store import Store
from croze.training import BEST, Recipe, first_steps
from croze.training.network import SpaceNetwork
from croze.training.run import TrainingRun, identity


@dataclass(frozen=True)
class State:
    """One state of n networks, its name for tables, and what its evaluator knows each of them by."""

    name: str
    evaluator: Evaluator
    texts: tuple[str, ...]

    def scores(
        self,
        folder: str | Path,
        proxies: Sequence[Proxy],
        workers: int = 1,
        watch: Callable[[int], None] = lambda done: None,
    ) -> Scored:
        """Scores of all, from the store in this folder or computed now; `watch` hears how many are done."""
        with Store(folder, self.evaluator.context) as store, Ledger(self.evaluator, store, workers) as ledger:
            return collect(ledger, self.texts, proxies, watch)


def initialised(evaluator: Evaluator, architectures: Sequence[str]) -> State:
    """As built from the evaluator's seed: the state that every search scores, whose scores serve here too."""
    return State("single step", evaluator, tuple(architectures))


def after_steps(
    evaluator: Evaluator, architectures: Sequence[str], training: Dataset, recipe: Recipe, steps: int
) -> State:
    """After the first steps of a training by a standard recipe from those very weights; see `first_steps`.

    Raises:
        CrozeError: for fewer than no steps, or images that the networks are not built for.
    """
    if steps < 0:
        raise CrozeError(f"Networks are scored after 0 steps of training or more, got {steps}.")
    if training.classes != evaluator.batch.classes:
        raise CrozeError(
            f"The training images have {training.classes} classes, the batch {evaluator.batch.classes}: "
            "take both from one data set."
        )
    stepped = Stepped(**_of(evaluator), training=training, recipe=recipe, steps=steps)
    return State(f"{steps} step{'s' * (steps != 1)}", stepped, tuple(architectures))


def trained(evaluator: Evaluator, cells: Sequence[tuple[str, Path]]) -> State:
    """Trained to the end: the best weights of trainings by `croze train`, given as architectures and folders.

    Raises:
        CrozeError: when a folder is none of a training, has no weights yet, or is of another architecture,
            space, seed or normalisation than the evaluator's: its single-step state would be another's.
    """
    folders: dict[str, Path] = {}
    for architecture, folder in cells:
        _check_same(evaluator, architecture, folder)
        folders[f"{architecture} {_digest(folder / BEST)}"] = folder
    return State("full training", Trained(**_of(evaluator), folders=folders), tuple(folders))


def as_trained(evaluator: Evaluator, architectures: Sequence[str]) -> State:
    """Initialised, every proxy on the flavour of the network that `trained` has the weights of."""
    return State("single step", Usual(**_of(evaluator)), tuple(architectures))


@dataclass(frozen=True)
class Stepped(Evaluator):
    """Scores networks after the first steps of a training."""

    training: Dataset = field(kw_only=True)
    recipe: Recipe = field(kw_only=True)
    steps: int = field(kw_only=True)

    @property
    def context(self) -> dict[str, Any]:
        """With steps, recipe and images."""
        state = {"steps": self.steps, "recipe": self.recipe.to_json(), "training": identity(self.training)}
        return super().context | {"state": state}

    def network(self, text: str, flavour: str | None = None) -> nn.Module:
        """The network of an architecture after these steps, in the flavour it is asked for in."""
        network = super().network(text, flavour)
        return first_steps(network, self.training, self.recipe, self.steps, seed=self.seed)


@dataclass(frozen=True)
class Usual(Evaluator):
    """Scores every proxy on the usual flavour of the networks."""

    @property
    def context(self) -> dict[str, Any]:
        """With the flavour."""
        return super().context | {"flavour": self.space.flavours[0]}

    def flavour_for(self, proxy: Proxy) -> str:
        """Always the usual one."""
        return self.space.flavours[0]


@dataclass(frozen=True)
class Trained(Usual):
    """Scores networks with the weights that a training left; a text is an architecture and their digest."""

    folders: Mapping[str, Path] = field(kw_only=True)

    @property
    def context(self) -> dict[str, Any]:
        """What weights these are is said by the texts."""
        return super().context | {"state": "trained"}

    def network(self, text: str, flavour: str | None = None) -> nn.Module:
        """The network behind the normalisation."""
        model = TrainingRun.load(self.folders[text]).model()
        return model.network.to(self.device)


def _of(evaluator: Evaluator) -> dict[str, Any]:
    return {f.name: getattr(evaluator, f.name) for f in fields(Evaluator)}


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        raise CrozeError(
            f"The training in {path.parent} has finished no epoch yet: run its command again."
        ) from None
    except OSError as problem:
        raise CrozeError(f"Cannot read {path}: {problem.strerror or problem}.") from problem


def _check_same(evaluator: Evaluator, architecture: str, folder: Path) -> None:
    run = TrainingRun.load(folder)
    network = run.network
    if not isinstance(network, SpaceNetwork) or network.architecture != architecture:
        raise CrozeError(f"{folder} holds a training of {network.title}, not of {architecture}.")
    batch = evaluator.batch
    for what, here, there in (
        ("space", evaluator.space, network.open()),
        ("seed", evaluator.seed, run.seed),
        ("number of classes", batch.classes, run.classes),
        ("mean", _rounded(batch.mean), _rounded(run.mean)),
        ("deviation", _rounded(batch.std), _rounded(run.std)),
    ):
        if here != there:
            raise CrozeError(
                f"{folder} was trained with the {what} {there}, scores are asked for with {here}: its "
                "single-step state would be another network's. Ask for what it was trained with."
            )


def _rounded(values: Sequence[float]) -> tuple[float, ...]:
    """As a model keeps them, in float32."""
    return tuple(round(value, 5) for value in values)
