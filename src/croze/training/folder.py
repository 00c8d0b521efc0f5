"""The folder of a training: `run.json` says what is trained in it, and so how to load what came of it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from croze.data import Dataset
from croze.errors import CrozeError
from croze.files import to_json, write_text
from croze.nn.normalised import Normalised
from croze.training.loop import BEST
from croze.training.network import NetworkSpec
from croze.training.recipe import Recipe
from croze.training.state import load_weights

DESCRIPTION = "run.json"
VERSION = 1
"""Of what the folder holds."""


@dataclass(frozen=True)
class Description:
    """What a training is of; two are of the same when these are equal.

    Attributes:
        subject: as `NetworkSpec.to_json`.
        classes, size: of the images.
        mean, std: of the model's normalisation.
        images: identity of the training and validation images, see `identity`.
        recipe: as `Recipe.to_json`.
        seed: of weights, split, order and augmentation.
        data: the data set as it was named; does not count, for it may have moved.
    """

    subject: Mapping[str, Any]
    classes: int
    size: tuple[int, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    images: str
    recipe: Mapping[str, Any]
    seed: int
    data: str = dataclasses.field(compare=False, default="")

    def write(self, folder: Path) -> None:
        """Begin the folder, or find that it is of this training already.

        Raises:
            CrozeError: when it is of another one, or cannot be read or written.
        """
        path = folder / DESCRIPTION
        if path.exists():
            found = read_description(folder)
            differing = [
                f.name
                for f in dataclasses.fields(self)
                if f.compare and _of(found, f.name) != _of(self, f.name)
            ]
            if differing:
                raise CrozeError(
                    f"{folder} holds another training, which differs in {_named(found, self, differing)}: "
                    "name another folder."
                )
            return
        if (folder / BEST).exists():
            raise CrozeError(f"{folder} holds weights but no {DESCRIPTION}: name another folder.")
        write_text(path, to_json({"version": VERSION, **dataclasses.asdict(self)}))


def read_description(folder: str | Path) -> Description:
    """What is trained in the folder.

    Raises:
        CrozeError: when it is no folder of a training, or of another version.
    """
    path = Path(folder) / DESCRIPTION
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content.pop("version")
        for key in ("size", "mean", "std"):
            content[key] = tuple(content[key])
        found = Description(**content)
    except FileNotFoundError:
        raise CrozeError(f"{path} does not exist: name the folder of a training by `croze train`.") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise CrozeError(f"{path} is no description of a training that can be read ({problem}).") from None
    if version != VERSION:
        raise CrozeError(f"{path} is of version {version}, this croze reads version {VERSION}.")
    return found


def load_trained(folder: str | Path) -> tuple[Normalised, Description]:
    """The model of a training, with its best weights, on the CPU and in evaluation mode; and what it is.

    Raises:
        CrozeError: when nothing has been kept yet, the network cannot be built, or the weights do not fit.
    """
    description = read_description(folder)
    subject = NetworkSpec.from_json(description.subject)
    model = Normalised(
        subject.build(description.classes, description.seed), description.mean, description.std
    )
    path = Path(folder) / BEST
    if not path.exists():
        raise CrozeError(f"The training in {folder} has finished no epoch yet: run its command again.")
    load_weights(path, model, subject.title)
    return model.eval(), description


def describe(
    subject: NetworkSpec,
    model: Normalised,
    training: Dataset,
    validation: Dataset,
    recipe: Recipe,
    seed: int,
) -> Description:
    """The description of a training that is about to begin."""
    return Description(
        subject.to_json(),
        training.classes,
        training.size,
        tuple(model.mean.flatten().tolist()),
        tuple(model.std.flatten().tolist()),
        identity(training, validation),
        recipe.to_json(),
        seed,
        training.source,
    )


def identity(*datasets: Dataset) -> str:
    """SHA-256 over labels, number and size of the images and 16 of the images themselves.

    All images would have to be read for more, which takes longer than to begin.
    """
    total = hashlib.sha256()
    for dataset in datasets:
        total.update(repr((len(dataset), dataset.size, dataset.classes)).encode())
        total.update(dataset.labels.tobytes())
        some = [k * len(dataset) // 16 for k in range(16)]
        total.update(dataset.read(some).tobytes())
    return total.hexdigest()


def _of(description: Description, name: str) -> Any:
    """As JSON would give it back."""
    return json.loads(json.dumps(getattr(description, name)))


def _named(before: Description, now: Description, fields: list[str]) -> str:
    parts = []
    for name in fields:
        old, new = _of(before, name), _of(now, name)
        if isinstance(old, dict) and isinstance(new, dict):
            keys = [key for key in {**new, **old} if old.get(key) != new.get(key)]
            parts.append(f"{name} ({', '.join(keys)})")
        else:
            parts.append(name)
    return ", ".join(parts)
