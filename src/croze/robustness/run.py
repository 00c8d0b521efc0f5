"""An evaluation as a value: a trained model under attacks and corruptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, NotRequired, Self, TypedDict

import numpy as np
import torch
from torch import nn

from croze.corruptions import FrostTextures
from croze.corruptions.sets import read_set
from croze.data import DataLike, Dataset, open_dataset
from croze.data.cached import cached
from croze.data.dataset import View, in_channels, in_classes
from croze.data.sampling import spread
from croze.data.splits import in_split, same_images
from croze.errors import CrozeError
from croze.files import Count, read_json, read_result, slug, to_json, write_text
from croze.nn.normalised import Normalised
from croze.nn.seeding import torch_threads
from croze.provenance import Provenance, provenance
from croze.reporting.part import Part
from croze.reporting.run import Run, Status
from croze.reporting.table import Table
from croze.reporting.text import percent
from croze.robustness.conditions import Attacked, Corrupted
from croze.robustness.evaluate import Outcomes, check_model, evaluate_conditions, read_outcomes
from croze.robustness.metrics import Accuracies, corruption_metrics
from croze.robustness.page import evaluation_part
from croze.robustness.plan import (
    Attacks,
    Plan,
    Sizes,
    from_set,
    has_all_corruptions,
    plan_evaluation,
    prepare,
)
from croze.robustness.saved import SavedImages, saving
from croze.robustness.summary import Summary, summarise
from croze.robustness.tables import attack_table, tables
from croze.robustness.weights import load_weights_of
from croze.scoring.evaluator import check_devices
from croze.training.images import Batches
from croze.training.loop import dtype_of, in_pixels, is_random
from croze.training.network import NetworkSpec, digest_of_weights
from croze.training.recipe import Recipe
from croze.training.run import TrainingRun, Watch, identity

EVALUATION, PAGE = "evaluation.json", "evaluation.md"


class Context(TypedDict):
    """What the outcomes of an evaluation depend on."""

    weights: str
    images: str
    seed: Count
    batch_size: Count
    training_data: NotRequired[str | None]
    device: NotRequired[str]


class Content(TypedDict):
    """What `evaluation.json` holds besides the summary."""

    network: dict[str, Any]
    training: str
    recipe: Recipe | None
    data: str
    images: Count
    trained_on_the_same_data: bool
    notes: tuple[str, ...]
    random: bool
    context: Context
    status: Literal["finished", "unfinished"]
    provenance: Provenance


@dataclass(eq=False, repr=False)
class EvaluationRun(Run):
    """An evaluation, finished or not.

    Attributes:
        folder: where it lies.
        network: what is evaluated.
        training: folder of the training; empty for a module.
        recipe: of the training; None for a module.
        data: the images as they were named.
        images: how many of them.
        trained_on_the_same_data: whether these are the training images themselves.
        notes: what differs from what was asked for: images left out, classes without images, another dtype.
        random: whether the network is random in evaluation mode.
        context: what outcomes depend on besides the condition: weights, images, seed, batch size, device.
        summary: what it came to; None until it is finished.
        provenance: command, versions, machine.
    """

    folder: Path
    network: NetworkSpec
    training: str
    recipe: Recipe | None
    data: str
    images: int
    trained_on_the_same_data: bool
    notes: tuple[str, ...]
    random: bool
    context: Mapping[str, Any]
    summary: Summary | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    kind = "evaluation"
    version = 2

    @property
    def status(self) -> Status:
        """Finished once all conditions are done."""
        return "unfinished" if self.summary is None else "finished"

    @property
    def title(self) -> str:
        """What is evaluated on what."""
        trained = "" if self.recipe is None else f", {self.recipe.method} training"
        same = ", on which it was trained" if self.trained_on_the_same_data else ""
        return f"{self.network.title}{trained}, on {self.images:,} images of {self.data}{same}"

    @property
    def begun(self) -> dict[str, tuple[int, float]]:
        """Of each condition that was begun, the images that are done and the accuracy on them."""
        return read_outcomes(self.folder, self.context)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Reasons to doubt the accuracies, from masked gradients to logits that are not finite."""
        signs = () if self.summary is None else self.summary.signs_of_masking
        found = [*self.notes, *(f"Possible gradient masking: {sign}" for sign in signs)]
        if self.random:
            found.append(
                "The network is random in evaluation mode: two passes over the same images differ. "
                "Accuracies are those of one draw; attack it with pgd(draws=20), which averages gradients."
            )
        rows = () if self.summary is None else self.summary.conditions
        found += [
            f"{row.name}: logits of {row.not_finite:,} of {row.images:,} images are not finite; these count "
            "as wrong."
            for row in rows
            if row.not_finite
        ]
        if self.trained_on_the_same_data:
            found.append(
                f"The network was trained on images of {self.data} itself; evaluate on unseen images."
            )
        return tuple(found)

    def rows(self) -> list[dict[str, Any]]:
        """One row a condition: `what`, `size`, `images`, `accuracy` in [0, 1] and more, see `Row`."""
        if self.summary is None:
            return [{"what": t, "images": n, "accuracy": share} for t, (n, share) in self.begun.items()]
        rows = []
        for row in self.summary.conditions:
            content = asdict(row)
            low, high = content.pop("wilson95")
            del content["per_class"]
            rows.append({**content, "low": low, "high": high})
        return rows

    def table(self) -> Table:
        """Accuracy on clean images and under each attack; of an unfinished evaluation what is done."""
        if self.summary is not None:
            return attack_table(self.summary, self.title)
        rows = tuple((condition, f"{n:,}", percent(share)) for condition, (n, share) in self.begun.items())
        return Table("Outcomes so far", "", ("condition", "images", "accuracy"), rows)

    def page(self) -> Part:
        """Charts and tables of attacks, corruptions and classes, and what they rest on."""
        return evaluation_part(self)

    def markdown(self) -> str:
        """All tables as a page of Markdown."""
        sheets = (self.table(),) if self.summary is None else tables(self.summary)
        parts = [f"# {self.title}", f"```console\n$ {self.provenance.get('command', '')}\n```"]
        return "\n\n".join([*parts, *self.warnings, *(sheet.markdown() for sheet in sheets)]) + "\n"

    def result(self) -> dict[str, Any]:
        """The content of `evaluation.json`: the attributes, those of the summary beside them."""
        return {
            "format": {"kind": self.kind, "version": self.version},
            **{f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("folder", "summary")},
            "notes": list(self.notes),
            "network": self.network.to_json(),
            "recipe": None if self.recipe is None else self.recipe.to_json(),
            "status": self.status,
            **({} if self.summary is None else self.summary.to_json()),
        }

    def save(self) -> None:
        """Write `evaluation.json`, and `evaluation.md` once it is finished."""
        write_text(self.folder / EVALUATION, to_json(self.result()))
        if self.summary is not None:
            write_text(self.folder / PAGE, self.markdown())

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The evaluation in a folder, or of its `evaluation.json`.

        Raises:
            CrozeError: when there is none, it is of another format or cannot be read.
        """
        path = Path(folder) if Path(folder).is_file() else Path(folder) / EVALUATION
        content = read_result(path, cls.kind, cls.version, Content)
        own = {f.name: content[f.name] for f in fields(cls) if f.name not in ("folder", "summary")}
        own["network"] = NetworkSpec.from_json(own["network"], path)
        try:
            own["summary"] = Summary.from_json(content) if content["status"] == "finished" else None
        except CrozeError as problem:
            raise CrozeError(f"{path} is no evaluation that can be read ({problem}): run it again.") from None
        return cls(path.parent, **own)


def evaluate(
    model: TrainingRun | nn.Module | str | Path,
    data: DataLike = "digits",
    *,
    attacks: Attacks = "fgsm,pgd",
    epsilon: Sizes = "8/255",
    epsilon_l2: Sizes = None,
    corruptions: str | None = "all",
    corruption_set: str | Path | None = None,
    frost: str | Path | None = None,
    mce_reference: EvaluationRun | str | Path | None = None,
    images: int | None = None,
    limits: Mapping[str, int] | Sequence[str] = (),
    seed: int = 0,
    batch_size: int = 100,
    device: str = "cpu",
    threads: int = 0,
    training_data: DataLike | None = None,
    weights: str | Path | None = None,
    normalises_input: bool = False,
    save_images: str | Path | None = None,
    out: str | Path | None = None,
    watch: Watch = lambda *told: None,
) -> EvaluationRun:
    """Evaluate a trained model under attacks and corruptions, or go on with an interrupted evaluation.

    Every batch is on file when it is done; more attacks may be asked for later.

    >>> import croze
    >>> from torch import nn
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 10))
    >>> run = croze.evaluate(model, "digits", attacks="fgsm", epsilon=8 / 255, corruptions=None, images=20)
    >>> run.status
    'finished'

    Args:
        model: a training or its folder, `FILE.py:FUNCTION`, or a trained module that gives logits
            `(N, classes)`.
        data: test images: a spec, of which the test split is taken where there is one, a torch `Dataset`, a
            pair of tensors, see `croze.data.DataLike`.
        attacks: as text, such as `pgd(steps=50),fgsm`, or attacks; None for none.
        epsilon, epsilon_l2: sizes in l-inf and l2, in pixel space: numbers or text such as `8/255,4/255`.
        corruptions: of CIFAR-C: `all`, or some such as `noise,fog,frost@3`; None for none.
        corruption_set: folder in the layout of CIFAR-10-C to read them from, instead of corrupting `data`.
        frost: folder of photographs of frost, in place of drawn ones.
        mce_reference: an evaluation or its `evaluation.json`; mCE divides errors by those of its network.
        images: so many of the images, balanced over classes; all by default.
        limits: so many images for an attack, such as `{"lgv": 100, "corruptions": 1000}`.
        seed: of the choice of images and of attacks.
        batch_size: images at once.
        device: cpu, cuda, cuda:1.
        threads: torch threads, 0 for all.
        training_data: training images, for attacks that train on; those of the training by default.
        weights: file of the weights of a `FILE.py:FUNCTION` or module, see `load_weights_of`.
        normalises_input: a module takes pixels in [0, 1]; otherwise it takes images normalised with the mean
            and deviation of `data`.
        save_images: folder for the attacked images, as the attacks made them and rounded to 8 bits; the
            accuracy on both is in the result.
        out: folder of the run; `evaluation` in that of the training by default, one below `runs/` for a
            module.
        watch: told what is being done, how much of how much is done, and a remark.

    Returns:
        The run, saved.

    Raises:
        CrozeError: for what cannot be found or read, does not fit the model, or an attack without a size.
    """
    check_devices([device])
    textures = None if frost is None else FrostTextures.from_folder(frost)
    plan = plan_evaluation(attacks, epsilon, epsilon_l2, limits, corruptions, textures)
    reference = None if mce_reference is None else _reference(mce_reference)
    if reference is not None and not has_all_corruptions(plan.conditions):
        raise CrozeError("mCE needs all corruptions at all severities: corruptions='all'.")
    tested = in_split(data) if isinstance(data, str) else data
    opened = open_dataset(tested)
    network, pixels, training, whole, notes = _model_of(model, opened, seed, weights, normalises_input)
    check_model(pixels, whole)
    for condition in plan.conditions:
        if isinstance(condition, Attacked):
            condition.attack.check(whole.classes)
    notes += [*whole.notes, *_absent(whole)]
    if corruption_set is not None:
        whole = _covered(whole, plan, Path(corruption_set), images, notes)
    chosen = spread(whole, images, seed)
    if corruption_set is not None:
        plan = from_set(plan, Path(corruption_set), chosen, whole.labels[chosen])
    if reference is not None:
        notes += _differences(reference, whole, len(chosen))
    dataset = cached(whole, chosen, lambda done, total: watch("reading images", done, total, ""))
    context: dict[str, Any] = {
        "weights": digest_of_weights(pixels),
        "images": identity(dataset),
        "seed": seed,
        "batch_size": batch_size,
        # another set of images gives lgv other weights
        "training_data": training_data
        if training_data is None or isinstance(training_data, str)
        else identity(open_dataset(training_data)),
        "device": device.partition(":")[0],
    }
    if training is not None:
        named, recipe, place = str(training.folder), training.recipe, training.folder / "evaluation"
    else:
        named, recipe = "", None
        place = Path("runs") / slug(f"evaluate-{network.title}-{context['weights'][:8]}")
    notes += _without_effect(plan, dataset)
    run = EvaluationRun(
        Path(out) if out is not None else place, network, named, recipe, dataset.source, len(dataset),
        _trained_on(tested, training), tuple(notes), is_random(pixels, dataset, torch.device("cpu")), context,
        provenance=provenance(),
    )  # fmt: skip
    saved = None
    if save_images is not None:
        saved = SavedImages(Path(save_images), context, dataset, chosen, plan.limits)
    if not _is_finished(run.folder):
        run.save()
    done: dict[str, int] = {}

    def tell(key: str, images: int, accuracy: float) -> None:
        done[key] = images
        total = sum(min(work.limits.get(c.key, len(dataset)), len(dataset)) for c in work.conditions)
        watch("evaluation", sum(done.values()), total, f"{key}: {accuracy:.1%}")

    with torch_threads(threads), Outcomes(run.folder, context) as outcomes:
        plan = prepare(plan, pixels, lambda: _batches(training, training_data, seed), seed, run.folder)
        work = plan if saved is None else saving(plan, saved)
        results = evaluate_conditions(
            pixels, dataset, work.conditions, outcomes=outcomes, seed=seed, batch_size=batch_size,
            limits=work.limits, device=device, watch=tell,
        )  # fmt: skip
    name = mce_reference.title if isinstance(mce_reference, EvaluationRun) else str(mce_reference or "")
    run.summary = summarise(plan.conditions, results, dataset, _accuracies(reference), name)
    run.save()
    return run


def _reference(reference: EvaluationRun | str | Path) -> EvaluationRun:
    """An evaluation that mCE can divide by; CrozeError when it lacks a corruption or errs under none."""
    run = reference if isinstance(reference, EvaluationRun) else EvaluationRun.load(reference)
    accuracies = _accuracies(run)
    if accuracies is None:
        raise CrozeError(
            f"{run.folder} holds no accuracies under corruptions: name an evaluation under all of them."
        )
    corruption_metrics(accuracies, accuracies)
    return run


def _accuracies(reference: EvaluationRun | None) -> Accuracies | None:
    if reference is None or reference.summary is None or reference.summary.corruptions is None:
        return None
    return reference.summary.corruptions.accuracies


def _differences(reference: EvaluationRun, dataset: Dataset, images: int) -> list[str]:
    """What sets the images of an mCE reference apart from those at hand."""
    assert reference.summary is not None
    classes = len(reference.summary.conditions[0].per_class)
    same = same_images(dataset.source, reference.data) and classes == dataset.classes
    if same and reference.images == images:
        return []
    return [
        f"mCE divides by errors on other images: the reference was evaluated on {reference.images:,} images "
        f"of {reference.data} with {classes:,} classes, this network on {images:,} of {dataset.source} with "
        f"{dataset.classes:,}."
    ]


def _absent(dataset: Dataset) -> list[str]:
    """A sentence on classes without images."""
    labels = sorted(set(range(dataset.classes)) - set(dataset.labels.tolist()))
    if not labels:
        return []
    named = [dataset.class_names[label] if dataset.class_names else str(label) for label in labels[:5]]
    more = f" and {len(labels) - 5:,} more" if len(labels) > 5 else ""
    listed = f"{', '.join(named)}{more}"
    return [f"There are no test images of {len(labels):,} of {dataset.classes:,} classes: {listed}."]


def _converted(model: Normalised) -> list[str]:
    """Half precision is evaluated in single; a sentence on that."""
    kinds = {p.dtype for p in model.parameters() if p.is_floating_point()} & {torch.float16, torch.bfloat16}
    if kinds:
        model.float()
    return [f"Weights of {kind} are evaluated in float32." for kind in map(str, kinds)]


def _without_effect(plan: Plan, dataset: Dataset) -> list[str]:
    """A sentence on corruptions that leave images of this size as they are, as on 16 x 16 pixels."""
    if min(dataset.size[1:]) >= 32 or dataset.size[0] != 3:
        return []
    images = torch.from_numpy(dataset.read(np.arange(min(2, len(dataset))))).float() / 255
    made = [one for one in plan.conditions if isinstance(one, Corrupted)]
    idle = [str(one.corruption) for one in made if torch.equal(one.images(images, seed=0, first=0), images)]
    height, width = dataset.size[1:]
    return [f"Images of {height} x {width} pixels do not change under {', '.join(idle)}."] if idle else []


def _covered(dataset: Dataset, plan: Plan, folder: Path, images: int | None, notes: list[str]) -> Dataset:
    """The images that a corruption set has: the first ones, where it has fewer."""
    corruption = next((c.corruption for c in plan.conditions if isinstance(c, Corrupted)), None)
    if corruption is None:
        return dataset
    count = len(read_set(folder, corruption.name, corruption.severity)[0])
    if count >= len(dataset):
        return dataset
    if images is not None and images > count:
        raise CrozeError(
            f"{folder} has {count:,} of the images, {images:,} are asked for: take fewer images."
        )
    notes.append(f"{folder} has the first {count:,} images of {dataset.source}: only these are evaluated.")
    return View(dataset, np.arange(count, dtype=np.int64))


def _model_of(
    model: TrainingRun | nn.Module | str | Path,
    images: Dataset,
    seed: int,
    weights: str | Path | None,
    normalises_input: bool,
) -> tuple[NetworkSpec, Normalised, TrainingRun | None, Dataset, list[str]]:
    """The spec of a model, a copy that takes pixels, its training if it has one, its images, and notes.

    Labels of the images are those of the model, and grey images have as many channels as it takes.
    """
    named = isinstance(model, str) and model.rpartition(":")[0].endswith(".py")
    if isinstance(model, nn.Module) or (named and isinstance(model, str)):
        spec = NetworkSpec.of(model)
        network = spec.build(images.classes, seed)
        if weights is not None:
            load_weights_of(weights, network)
        pixels = network if isinstance(network, Normalised) else in_pixels(network, images, normalises_input)
        notes = _converted(pixels.eval())
        return spec, pixels, None, in_classes(images, _logits(pixels, images)), notes
    if weights is not None:
        raise CrozeError("A training has its own weights: leave weights out, or name FILE.py:FUNCTION.")
    run = model if isinstance(model, TrainingRun) else TrainingRun.load(model)
    images = in_classes(in_channels(images, run.size[0]), run.classes, run.class_names)
    if tuple(images.size) != tuple(run.size):
        trained, here = (" x ".join(map(str, size)) for size in (run.size, images.size))
        raise CrozeError(
            f"The network was trained on images of {trained}, {images.source} has {here}: evaluate it on "
            "images of its size."
        )
    return run.network, run.model(), run, images, []


def _logits(model: Normalised, images: Dataset) -> int:
    """The number of the model's logits; that of the classes where it cannot be asked, which is said later."""
    with torch.no_grad(), suppress(Exception):
        return max(images.classes, int(model(torch.zeros(1, *images.size, dtype=dtype_of(model))).shape[1]))
    return images.classes


def _trained_on(data: DataLike, training: TrainingRun | None) -> bool:
    if training is not None and isinstance(data, str):
        with suppress(CrozeError):  # trained on values, not on a spec
            return same_images(data, training.data)
    return False


def _batches(training: TrainingRun | None, data: DataLike | None, seed: int) -> Batches:
    if training is None and data is None:
        raise CrozeError("An attack trains on: name the images it trains on as training_data.")
    images = data if data is not None else training.data if training is not None else ""
    return Batches(cached(open_dataset(images)), Recipe() if training is None else training.recipe, seed)


def _is_finished(folder: Path) -> bool:
    with suppress(CrozeError):
        return bool(read_json(folder / EVALUATION).get("status") == "finished")
    return False
