"""A training as a value: what it is of, its epochs, and the model that came of it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self, TypedDict

import torch
from torch import nn

from croze.data import DataLike, Dataset, open_dataset
from croze.data.cached import cached
from croze.data.dataset import in_channels
from croze.errors import CrozeError
from croze.files import Count, read_result, slug, to_json, write_text
from croze.nn.normalised import Normalised
from croze.nn.seeding import torch_threads
from croze.provenance import Provenance, provenance
from croze.reporting.part import Part
from croze.reporting.run import Run, Status
from croze.reporting.table import Table
from croze.scoring.evaluator import check_devices
from croze.searching.run import SearchRun
from croze.spaces import Space, image_channels
from croze.training.images import split
from croze.training.loop import BEST, fit, in_pixels, is_random
from croze.training.network import NetworkSpec, SpaceNetwork
from croze.training.page import training_part
from croze.training.recipe import Recipe, find_recipe
from croze.training.state import Epoch, Place, load_weights
from croze.training.step import Diverged

TRAINING = "training.json"
SHOWN = 12
"""Epochs in the table: the last ones, and the one that is kept."""

Watch = Callable[[str, int, int, str], None]
"""Told what is being done, how much of how much of it is done, and a remark."""

_COLUMNS = {
    "loss": "loss",
    "train_clean": "train clean",
    "train_adversarial": "train adv.",
    "validation_clean": "val. clean",
    "validation_adversarial": "val. adv.",
}
_IDENTITY = ("network", "classes", "size", "mean", "std", "images", "recipe", "seed")
"""What makes two trainings the same."""


class Content(TypedDict):
    """What `training.json` holds."""

    network: dict[str, Any]
    recipe: Recipe
    seed: Count
    data: str
    classes: Count
    size: tuple[Count, Count, Count]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    images: str
    count: Count
    history: list[Epoch]
    best_epoch: Count | None
    seconds: float
    failed: str
    class_names: tuple[str, ...]
    notes: tuple[str, ...]
    random: bool
    extended: list[Count]
    provenance: Provenance


@dataclass(eq=False, repr=False)
class TrainingRun(Run):
    """A training, finished, unfinished or failed (it diverged).

    Attributes:
        folder: where it lies.
        network: what is trained.
        recipe: how.
        seed: of weights, split, order and augmentation.
        data: the data set as it was named; it may have moved since.
        classes, size: of the images, the latter `(C, H, W)`.
        mean, std: of the normalisation, by channel in pixel space; the model carries it.
        images: SHA-256 of the training and validation images, see `identity`.
        count: how many these are.
        class_names: of the classes; empty where the data have none.
        notes: what of the data was not read.
        extended: the epochs that the training had before it was extended, each time.
        random: whether the trained network is random in evaluation mode.
        history: one row an epoch, as `to_frame` has them: `epoch`, `loss`, `train_clean`,
            `train_adversarial`, `validation_clean`, `validation_adversarial`, `lr`. Accuracies are shares in
            [0, 1], `lr` that of the epoch's last step; None for what the recipe does not measure.
        best_epoch: the epoch whose weights are kept, counted from 1; None until the training is finished.
        seconds: of training, over all of its parts.
        failed: why it failed; empty when it did not.
        provenance: command, versions, machine.
    """

    folder: Path
    network: NetworkSpec
    recipe: Recipe
    seed: int
    data: str
    classes: int
    size: tuple[int, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    images: str
    count: int
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    extended: list[int] = field(default_factory=list)
    random: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int | None = None
    seconds: float = 0.0
    failed: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)

    kind = "training"
    version = 2

    @classmethod
    def begin(
        cls,
        folder: Path,
        network: NetworkSpec,
        model: Normalised,
        training: Dataset,
        validation: Dataset,
        recipe: Recipe,
        seed: int,
    ) -> Self:
        """The training in the folder, begun now or earlier.

        One of fewer epochs is extended: it goes on with the learning rate of the longer schedule.

        Raises:
            CrozeError: when the folder holds another one, or cannot be read or written.
        """
        mean, std = (tuple(values.flatten().tolist()) for values in (model.mean, model.std))
        run = cls(
            folder, network, recipe, seed, training.source, training.classes, training.size, mean, std,
            identity(training, validation), len(training) + len(validation), training.class_names,
            training.notes, provenance=provenance(),
        )  # fmt: skip
        if (folder / TRAINING).exists():
            known = cls.load(folder)
            old, new = (json.loads(to_json(one.result())) for one in (known, run))
            differing = [name for name in _IDENTITY if old[name] != new[name]]
            if recipe.epochs > known.recipe.epochs and recipe == replace(known.recipe, epochs=recipe.epochs):
                differing.remove("recipe")
                if not differing:
                    known.extended.append(known.recipe.epochs)
                    known.recipe, known.best_epoch = recipe, None
            if differing:
                raise CrozeError(
                    f"{folder} holds another training, which differs in "
                    f"{', '.join(_named(name, old[name], new[name]) for name in differing)}: name another "
                    "folder."
                )
            known.network = network  # with its module, where it is one
            return known
        if (folder / BEST).exists():
            raise CrozeError(f"{folder} holds weights but no {TRAINING}: name another folder.")
        run.save()
        return run

    @property
    def status(self) -> Status:
        """Finished once an epoch is kept for good; failed when the loss was no longer finite."""
        return "failed" if self.failed else "unfinished" if self.best_epoch is None else "finished"

    @property
    def reason(self) -> str:
        """Why it failed; empty when it did not."""
        return self.failed

    @property
    def title(self) -> str:
        """What is trained how on what."""
        return (
            f"{self.recipe.method} training of {self.network.title} on {self.count:,} images of {self.data}"
        )

    @property
    def best(self) -> Mapping[str, Any] | None:
        """The row of the epoch that is kept; None until the training is finished."""
        return None if self.best_epoch is None else self.history[self.best_epoch - 1]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know of the data and the course of the training."""
        return (*self.notes, *_collapse(self))

    def model(self) -> Normalised:
        """The network with the weights of the best epoch so far, on the CPU and in evaluation mode.

        It takes images in [0, 1], float32 `(N, C, H, W)`, and gives logits `(N, classes)`.

        Raises:
            CrozeError: when no epoch is finished, the network cannot be built, or the weights do not fit.
        """
        model = Normalised(self.network.build(self.classes, self.seed), self.mean, self.std)
        if not (self.folder / BEST).exists():
            raise CrozeError(f"The training in {self.folder} has finished no epoch yet: go on with it.")
        load_weights(self.folder / BEST, model, self.network.title)
        return model.eval()

    def rows(self) -> list[dict[str, Any]]:
        """One row an epoch, see `history`."""
        return self.history

    def table(self) -> Table:
        """The last epochs and the one that is kept."""
        columns = [key for key in _COLUMNS if any(row[key] is not None for row in self.history)]
        rows = tuple(
            (
                str(row["epoch"]),
                *(f"{row[key]:.4f}" if key == "loss" else f"{row[key]:.1%}" for key in columns),
                "kept" if row["epoch"] == self.best_epoch else "",
            )
            for row in self.history
            if row["epoch"] > len(self.history) - SHOWN or row["epoch"] == self.best_epoch
        )
        head = ("epoch", *(_COLUMNS[key] for key in columns), "")
        return Table(self.title[0].upper() + self.title[1:], "", head, rows)

    def page(self) -> Part:
        """Curves of accuracy, loss and learning rate, the cell, what it rests on."""
        return training_part(self)

    def result(self) -> dict[str, Any]:
        """The content of `training.json`: the attributes, and the row of the best epoch."""
        return {
            "format": {"kind": self.kind, "version": self.version},
            **{f.name: getattr(self, f.name) for f in fields(self) if f.name != "folder"},
            "network": self.network.to_json(),
            "recipe": self.recipe.to_json(),
            "best": self.best,
        }

    def save(self) -> None:
        """Write `training.json`."""
        write_text(self.folder / TRAINING, to_json(self.result()))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The training in a folder, or of its `training.json`.

        Raises:
            CrozeError: when there is none, it is of another format or cannot be read.
        """
        path = Path(folder) if Path(folder).is_file() else Path(folder) / TRAINING
        if not path.is_file():
            raise CrozeError(f"{path} does not exist: name the folder of a training.")
        content = read_result(path, cls.kind, cls.version, Content)
        own = {f.name: content[f.name] for f in fields(cls) if f.name != "folder"}
        run = cls(path.parent, **own | {"network": NetworkSpec.from_json(own["network"], path)})
        epochs = [row["epoch"] for row in run.history]
        best_is_known = run.best_epoch is None or run.best_epoch in epochs
        if epochs != list(range(1, len(epochs) + 1)) or not best_is_known:
            raise CrozeError(
                f"{path} is no training that can be read (its epochs do not count from 1, or lack the best "
                "one): name another folder."
            )
        return run


def train(
    network: NetworkSpec | SearchRun | nn.Module | str | Path,
    data: DataLike = "digits",
    *,
    recipe: str | Recipe = "standard",
    space: str | Space[Any] | None = None,
    images: int | None = None,
    seed: int = 0,
    device: str = "cpu",
    mixed_precision: bool = False,
    threads: int = 0,
    normalises_input: bool = False,
    out: str | Path | None = None,
    tensorboard: str | Path | None = None,
    watch: Watch = lambda *told: None,
    **changes: Any,
) -> TrainingRun:
    """Train a network, or go on with a training that was interrupted, to the same bits.

    The epoch that is best on images set aside is kept: by accuracy under PGD for adversarial recipes, by
    clean accuracy for the standard one.

    >>> import croze
    >>> from torch import nn
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 10))
    >>> run = croze.train(model, "digits", epochs=1, images=100, out="runs/trained")
    >>> run.status, run.best_epoch
    ('finished', 1)

    Args:
        network: an architecture (with `space`) or the name of a published one, a search or its folder, whose
            winner is trained, `FILE.py:FUNCTION`, a `NetworkSpec`, or a module, which is trained as it is and
            not changed itself.
        data: training images: a spec such as `cifar10:PATH`, a torch `Dataset`, a pair of tensors, see
            `croze.data.DataLike`.
        recipe: standard, pgd, trades or fast, or a `Recipe`.
        space: of an architecture; nasbench201 by default.
        images: train and validate on so many of the images only, balanced over classes.
        seed: of weights, split, order and augmentation.
        device: cpu, cuda, cuda:1.
        mixed_precision: bfloat16 where it is safe; on CUDA only.
        threads: torch threads, 0 for all; other numbers change the last digits.
        normalises_input: the network takes pixels in [0, 1] and normalises them itself.
        out: folder of the run; one below `runs/` by default.
        tensorboard: folder to write the curves to as well, after every epoch.
        watch: see `Watch`.
        changes: of the recipe, such as `epochs=20`, `lr=0.05`, `epsilon="4/255"`; see `Recipe`.

    Returns:
        The run; one that diverged has the status `failed` and a reason.

    Raises:
        CrozeError: for what cannot be found or read, or a folder that holds another training.
    """
    chosen = find_recipe(recipe, changes)
    check_devices([device])
    spec = NetworkSpec.of(network, space)
    dataset = open_dataset(data)
    if isinstance(spec, SpaceNetwork):
        dataset = in_channels(dataset, image_channels(spec.open()))
        spec = spec.for_training(dataset.size) if chosen.auxiliary else spec
    folder = Path(out) if out is not None else Path("runs") / slug(f"train-{spec.title}-{chosen.method}")
    sets: list[Dataset] = []
    parts = split(dataset, chosen.validation, seed, images)
    for rows in parts:
        before = sum(map(len, sets))

        def read(done: int, _: int, before: int = before) -> None:
            watch("reading images", before + done, sum(map(len, parts)), "")

        sets.append(cached(dataset, rows, read))
    with torch_threads(threads):
        return train_network(
            spec, sets[0], sets[1], chosen, folder, seed=seed, device=device, mixed_precision=mixed_precision,
            normalises_input=normalises_input, tensorboard=tensorboard, watch=watch,
        )  # fmt: skip


def train_network(
    network: NetworkSpec,
    training: Dataset,
    validation: Dataset,
    recipe: Recipe,
    folder: Path,
    *,
    seed: int = 0,
    device: str = "cpu",
    mixed_precision: bool = False,
    normalises_input: bool = False,
    tensorboard: str | Path | None = None,
    watch: Watch = lambda *told: None,
) -> TrainingRun:
    """`train` on images that are chosen already; the run is saved after every epoch."""
    module = network.build(training.classes, seed)
    model = in_pixels(module, training, normalises_input)
    run = TrainingRun.begin(folder, network, model, training, validation, recipe, seed)
    if run.status == "finished" and (folder / BEST).exists():
        return run

    def tell(place: Place, total: int, loss: float) -> None:
        if len(place.history) > len(run.history):
            keep(place.history, place.seconds)
        done = place.epoch * (total // recipe.epochs) + place.step
        watch(f"{recipe.method} training", done, total, _remark(run.history, loss))

    def keep(history: list[dict[str, Any]], seconds: float, epoch: int | None = None) -> None:
        run.history, run.seconds, run.best_epoch, run.failed = list(history), seconds, epoch, ""
        run.save()
        if tensorboard is not None:
            write_events(Path(tensorboard), history)

    try:
        found = fit(
            module, training, validation, recipe, folder, seed=seed, device=device,
            mixed_precision=mixed_precision, normalises_input=normalises_input, title=network.title,
            watch=tell,
        )  # fmt: skip
    except Diverged as problem:
        run.failed = str(problem)
        run.save()
    else:
        run.random = is_random(found.model, validation, torch.device(device))
        keep(found.history, found.seconds, found.epoch)
    return run


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


def write_events(folder: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """All epochs as TensorBoard scalars; what was in the folder is replaced.

    Raises:
        CrozeError: without tensorboard.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise CrozeError("TensorBoard needs its package: pip install 'croze[track]'.") from None
    for old in folder.glob("events.out.tfevents.*"):
        old.unlink()
    writer = SummaryWriter(str(folder))
    for row in history:
        for key, value in row.items():
            if key != "epoch" and value is not None:
                writer.add_scalar(key, value, row["epoch"])
    writer.close()


def _collapse(run: TrainingRun) -> Iterator[str]:
    """Signs that a training came to nothing, from its history."""
    if run.random:
        yield (
            "The network is random in evaluation mode: two passes over the same images differ. Accuracies "
            "are those of one draw."
        )
    if not run.history:
        return
    last = run.history[-1]
    if last["validation_not_finite"]:
        yield (
            f"Logits of {last['validation_not_finite']:,} validation images were not finite after the last "
            "epoch; these images count as wrong."
        )
    validated = max(2, round(run.recipe.validation * run.count))
    chance = 1 / run.classes
    if last["validation_clean"] <= chance + 2 * math.sqrt(chance * (1 - chance) / validated):
        yield f"After the last epoch clean accuracy ({last['validation_clean']:.1%}) is that of chance."
    robust = [row["validation_adversarial"] for row in run.history]
    if not run.recipe.adversarial or None in robust:
        return
    peak = max(range(len(robust)), key=lambda epoch: robust[epoch])
    trained = [row["train_adversarial"] for row in run.history]
    if robust[-1] < robust[peak] / 2 and trained[-1] > trained[peak]:
        yield (
            f"Catastrophic overfitting: after epoch {peak + 1} accuracy under PGD fell from "
            f"{robust[peak]:.1%} to {robust[-1]:.1%}, while that on the training's own perturbations rose "
            f"from {trained[peak]:.1%} to {trained[-1]:.1%}."
        )


def _remark(history: Sequence[Mapping[str, Any]], loss: float) -> str:
    """The loss of the step, and the accuracies after the last epoch."""
    parts = [f"loss {loss:.3f}"]
    if history:
        parts.append(f"clean {history[-1]['validation_clean']:.1%}")
        if history[-1]["validation_adversarial"] is not None:
            parts.append(f"adversarial {history[-1]['validation_adversarial']:.1%}")
    return "  ".join(parts)


def _named(name: str, old: Any, new: Any) -> str:
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return name
    return f"{name} ({', '.join(key for key in {**new, **old} if old.get(key) != new.get(key))})"
