"""An evaluation as a value: a trained model under attacks and corruptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from torch import nn

from croze.corruptions import FrostTextures
from croze.data import DataLike, Dataset, open_dataset
from croze.data.cached import cached
from croze.data.sampling import spread
from croze.data.splits import in_split, same_images
from croze.errors import CrozeError
from croze.files import read_json, read_result, slug, to_json, write_text
from croze.nn.normalised import Normalised
from croze.nn.seeding import torch_threads
from croze.provenance import provenance
from croze.reporting.part import Part
from croze.reporting.run import Run, Status
from croze.reporting.table import Table
from croze.reporting.text import percent
from croze.robustness.evaluate import Outcomes, check_model, evaluate_conditions, read_outcomes
from croze.robustness.metrics import Accuracies
from croze.robustness.page import evaluation_part
from croze.robustness.plan import (
    Attacks,
    Sizes,
    from_set,
    has_all_corruptions,
    plan_evaluation,
    prepare,
)
from croze.robustness.summary import Summary, summarise
from croze.robustness.tables import attack_table, tables
from croze.scoring.evaluator import check_devices
from croze.training.images import Batches
from croze.training.loop import in_pixels
from croze.training.network import ModuleNetwork, NetworkSpec, digest_of_weights
from croze.training.recipe import Recipe
from croze.training.run import TrainingRun, Watch, identity

EVALUATION, PAGE = "evaluation.json", "evaluation.md"


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
        """Reasons to doubt the accuracies: masked gradients, images that were trained on."""
        signs = () if self.summary is None else self.summary.signs_of_masking
        found = [f"Possible gradient masking: {sign}" for sign in signs]
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
        content = read_result(path, cls.kind, cls.version)
        try:
            own = {f.name: content[f.name] for f in fields(cls) if f.name not in ("folder", "summary")}
            own["network"] = NetworkSpec.from_json(own["network"])
            own["recipe"] = None if own["recipe"] is None else Recipe(**own["recipe"])
            own["summary"] = Summary.from_json(content) if content["status"] == "finished" else None
            return cls(path.parent, **own)
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise CrozeError(
                f"{path} is no evaluation that can be read ({type(problem).__name__}: {problem}): run "
                "it again."
            ) from None


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
    normalises_input: bool = False,
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
        model: a training or its folder, or a trained module that gives logits `(N, classes)`.
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
        normalises_input: a module takes pixels in [0, 1]; otherwise it takes images normalised with the mean
            and deviation of `data`.
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
    reference = None if mce_reference is None else _accuracies(mce_reference)
    if reference is not None and not has_all_corruptions(plan.conditions):
        raise CrozeError("mCE needs all corruptions at all severities: corruptions='all'.")
    tested = in_split(data) if isinstance(data, str) else data
    whole = open_dataset(tested)
    network, pixels, training = _model_of(model, whole, seed, normalises_input)
    check_model(pixels, whole)
    chosen = spread(whole, images, seed)
    if corruption_set is not None:
        plan = from_set(plan, Path(corruption_set), chosen, whole.labels[chosen])
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
    run = EvaluationRun(
        Path(out) if out is not None else place, network, named, recipe, dataset.source, len(dataset),
        _trained_on(tested, training), context, provenance=provenance(),
    )  # fmt: skip
    if not _is_finished(run.folder):
        run.save()
    done: dict[str, int] = {}

    def tell(key: str, images: int, accuracy: float) -> None:
        done[key] = images
        total = sum(min(plan.limits.get(c.key, len(dataset)), len(dataset)) for c in plan.conditions)
        watch("evaluation", sum(done.values()), total, f"{key}: {accuracy:.1%}")

    with torch_threads(threads), Outcomes(run.folder, context) as outcomes:
        plan = prepare(plan, pixels, lambda: _batches(training, training_data, seed), seed, run.folder)
        results = evaluate_conditions(
            pixels, dataset, plan.conditions, outcomes=outcomes, seed=seed, batch_size=batch_size,
            limits=plan.limits, device=device, watch=tell,
        )  # fmt: skip
    name = mce_reference.title if isinstance(mce_reference, EvaluationRun) else str(mce_reference or "")
    run.summary = summarise(plan.conditions, results, dataset, reference, name)
    run.save()
    return run


def _accuracies(reference: EvaluationRun | str | Path) -> Accuracies:
    """The accuracies under corruptions of an evaluation, or of its `evaluation.json`."""
    run = reference if isinstance(reference, EvaluationRun) else EvaluationRun.load(reference)
    if run.summary is None or run.summary.corruptions is None:
        raise CrozeError(
            f"{run.folder} holds no accuracies under corruptions: name an evaluation under all of them."
        )
    return run.summary.corruptions.accuracies


def _model_of(
    model: TrainingRun | nn.Module | str | Path, images: Dataset, seed: int, normalises_input: bool
) -> tuple[NetworkSpec, Normalised, TrainingRun | None]:
    """The spec of a model, a copy of it that takes pixels, and its training where it has one."""
    if isinstance(model, nn.Module):
        spec = ModuleNetwork(type(model).__name__, digest_of_weights(model), model)
        copy = spec.build(images.classes, seed)
        pixels = copy if isinstance(copy, Normalised) else in_pixels(copy, images, normalises_input)
        return spec, pixels.eval(), None
    run = model if isinstance(model, TrainingRun) else TrainingRun.load(model)
    if tuple(images.size) != tuple(run.size):
        trained, here = (" x ".join(map(str, size)) for size in (run.size, images.size))
        raise CrozeError(
            f"The network was trained on images of {trained}, {images.source} has {here}: evaluate it on "
            "images of its size."
        )
    return run.network, run.model(), run


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
        return bool(read_json(folder / EVALUATION)["status"] == "finished")
    return False
