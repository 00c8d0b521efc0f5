"""Figure 5: what a score of the initialised network says of the score it would have later (section 4.4).

Our reading: the single-step state is the initialised network, whose surrogates take the one step of Eq. 6-7;
a later state's weights are theta in Eq. 3-10. A component is the form with the other two as the factor 1.
*Perturbed images* are the form as it is; for *clean images* the robust network sees x itself, so that its
weights alone are perturbed.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from croze.cli import options
from croze.cli.output import console
from croze.cli.progress import Bar
from croze.data import draw, open_dataset
from croze.data.cached import cached
from croze.errors import CrozeError
from croze.paper.forms import find_forms, with_components
from croze.paper.options import Forms
from croze.paper.output import Outcome, check_files
from croze.paper.states import State, after_steps, as_trained, initialised, trained
from croze.pool import Pool
from croze.proxies.croze.form import COMPONENTS, CrozeForm
from croze.ranking.scored import DIGITS, Scored
from croze.reporting.chart import Chart, Layout, canvas
from croze.reporting.palette import CLOUD, SERIES
from croze.reporting.table import Table
from croze.reporting.text import interval_text, rho_text
from croze.scoring.evaluator import Evaluator
from croze.scoring.population import draw as draw_cells
from croze.spaces import open_space
from croze.stats.bootstrap import bootstrap_spearman, percentile_interval
from croze.stats.concordance import kendall
from croze.stats.correlation import MINIMUM, ranks
from croze.training import find_recipe, split

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

PARTS: Mapping[str, tuple[str, ...]] = {
    "product": COMPONENTS,
    **{component: (component,) for component in COMPONENTS},
}
"""The panels of Figure 5, and the components behind each."""

IMAGES = ("perturbed", "clean")
"""What the robust network sees; the first is the form as it is."""

LEVEL = 0.95
"""Of the bootstrap intervals."""

SAMPLE = 100
"""Cells that are drawn by default."""

PRINTED: Mapping[tuple[str, str], float] = {
    ("product", "10 steps"): 0.995,
    ("product", "full training"): 0.970,
    ("parameters", "full training"): 0.537,
    ("gradients", "full training"): 0.979,
}
"""What the paper gives for its 300 cells, by part and later state, as far as we could read its figure."""


@dataclass(frozen=True)
class Part:
    """The whole of a form, or a component of it, on one kind of images.

    `name` is a key of `PARTS`, or the components joined by + where the form as named is none of them;
    `whole` says whether this is the form as it was named.
    """

    form: str
    name: str
    images: str
    proxy: CrozeForm
    whole: bool


@dataclass(frozen=True)
class Prediction:
    """How the cells rank in the single-step state and in a later one.

    Spearman's rho, the ends of its bootstrap interval, and Kendall's tau-b; NaN where a score is the same for
    all.
    """

    part: Part
    later: str
    rho: float
    low: float
    high: float
    tau: float


@dataclass(frozen=True, eq=False)
class Predictiveness:
    """All correlations, on the cells where every score of every state succeeded.

    `kept` are positions of these among the chosen ones; `values` by later state and spec the scores in the
    single-step state and later; failures and their first reasons are by state and form.
    """

    chosen: int
    kept: NDArray[np.int64]
    predictions: tuple[Prediction, ...]
    values: Mapping[tuple[str, str], tuple[Floats, Floats]]
    failures: Mapping[tuple[str, str], int]
    reasons: Mapping[tuple[str, str], str]
    resamples: int
    seed: int

    @property
    def n(self) -> int:
        """The number of cells that the correlations rest on."""
        return len(self.kept)

    @property
    def counted(self) -> str:
        """On how many cells the correlations rest, in words."""
        return f"{self.n:,} of {self.chosen:,} cells, those on which every score of every state succeeded"

    @property
    def forms(self) -> tuple[str, ...]:
        """Specs of the forms."""
        return tuple(dict.fromkeys(found.part.form for found in self.predictions))

    @property
    def later(self) -> tuple[str, ...]:
        """Names of the later states."""
        return tuple(dict.fromkeys(found.later for found in self.predictions))

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping, without the scores; NaN as None."""
        return {
            "cells": {"chosen": self.chosen, "n": self.n},
            "bootstrap": {"resamples": self.resamples, "seed": self.seed, "level": LEVEL},
            "predictions": [
                {
                    "form": found.part.form,
                    "part": found.part.name,
                    "images": found.part.images,
                    "proxy": found.part.proxy.spec,
                    "from": "single step",
                    "to": found.later,
                    "spearman": _number(found.rho),
                    "low": _number(found.low),
                    "high": _number(found.high),
                    "kendall": _number(found.tau),
                }
                for found in self.predictions
            ],
            "failures": [
                {"state": state, "form": form, "cells": count, "first_reason": self.reasons[state, form]}
                for (state, form), count in self.failures.items()
            ],
        }


def parts_of_form(form: CrozeForm) -> list[Part]:
    """The product, each component, and the form itself where it is neither, on either kind of images."""
    named = dict(PARTS)
    if form.components not in named.values():
        named["+".join(form.components)] = form.components
    found = []
    for images in IMAGES:
        perturbation = None if images == "perturbed" else "none"
        for name, components in named.items():
            proxy = with_components(form, components, perturbation)
            found.append(Part(form.spec, name, images, proxy, proxy == form))
    return found


def predictiveness(
    pairs: Sequence[tuple[State, State]],
    forms: Sequence[CrozeForm],
    folder: str | Path,
    *,
    workers: int = 1,
    resamples: int = 1000,
    seed: int = 0,
    watch: Callable[[str, int], None] = lambda state, done: None,
) -> Predictiveness:
    """Score every state and correlate; what the folder holds already is not computed again.

    `pairs` are a single-step state and a later one each, all of the same architectures in the same order.
    `watch` is called after every network with the name of its state and the number of networks scored so far.

    Raises:
        CrozeError: no pair or form, fewer cells than a correlation needs, or fewer on which all succeeded.
    """
    counts = {len(state.texts) for pair in pairs for state in pair}
    if not forms or len(counts) != 1 or min(counts) < MINIMUM:
        raise CrozeError(
            f"Correlations need a form and at least {MINIMUM} cells in every state, got {len(forms)} forms "
            f"and {' and '.join(map(str, sorted(counts))) or 'no'} cells."
        )
    chosen = counts.pop()
    parts = [part for form in forms for part in parts_of_form(form)]
    scored: dict[int, Scored] = {}
    failures: dict[tuple[str, str], int] = {}
    reasons: dict[tuple[str, str], str] = {}
    for i, state in enumerate(distinct_states(pairs)):

        def one(done: int, before: int = i * chosen, name: str = state.name) -> None:
            watch(name, before + done)

        proxies = list({part.proxy.spec: part.proxy for part in parts}.values())
        found = scored[id(state)] = state.scores(folder, proxies, workers, one)
        for form, failed in _failed(found, parts).items():
            failures[state.name, form] = max(failures.get((state.name, form), 0), len(failed))
            reasons.setdefault(
                (state.name, form), next(failed[text] for text in state.texts if text in failed)
            )
    columns = [values for found in scored.values() for values in found.values.values()]
    kept = np.flatnonzero(np.isfinite(columns).all(axis=0)).astype(np.int64)
    if len(kept) < MINIMUM:
        why = "; ".join(f"{form}, {state}: {reason}" for (state, form), reason in reasons.items())
        raise CrozeError(
            f"Correlations need at least {MINIMUM} cells on which every score succeeded, got {len(kept)} of "
            f"{chosen:,}: {why}."
        )
    predictions: list[Prediction] = []
    values: dict[tuple[str, str], tuple[Floats, Floats]] = {}
    for early, late in pairs:
        specs = [part.proxy.spec for part in parts]
        x, y = (np.stack([scored[id(s)].values[spec][kept] for spec in specs]) for s in (early, late))
        values |= {(late.name, spec): (x[i], y[i]) for i, spec in enumerate(specs)}
        predictions += _correlations(parts, late.name, x, y, resamples, seed)
    return Predictiveness(chosen, kept, tuple(predictions), values, failures, reasons, resamples, seed)


def _failed(scored: Scored, parts: Sequence[Part]) -> dict[str, dict[str, str]]:
    """By form the cells on which one of its parts failed, and why; forms that did not fail are left out."""
    found: dict[str, dict[str, str]] = {}
    for part in parts:
        for text, reason in scored.reasons[part.proxy.spec].items():
            found.setdefault(part.form, {}).setdefault(text, reason)
    return found


def _correlations(
    parts: Sequence[Part], later: str, x: Floats, y: Floats, resamples: int, seed: int
) -> list[Prediction]:
    """Of each part's scores in two states, shape `(parts, n)` each."""
    found = bootstrap_spearman(x, y, resamples=resamples, seed=seed).diagonal(axis1=1, axis2=2)
    rho = found[0].tolist()
    low, high = (end.tolist() for end in percentile_interval(found[1:], LEVEL))
    return [
        Prediction(part, later, rho[i], low[i], high[i], kendall(x[i], y[i])) for i, part in enumerate(parts)
    ]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)


def distinct_states(pairs: Sequence[tuple[State, State]]) -> list[State]:
    """The states that have to be scored, each once."""
    return list({id(state): state for pair in pairs for state in pair}.values())


def tables(found: Predictiveness) -> list[Table]:
    """For each form its correlations, then what failed."""
    made = [_of_form(found, form) for form in found.forms]
    failures = tuple(
        (state, f"`{form}`", f"{count:,} of {found.chosen:,}", found.reasons[state, form])
        for (state, form), count in found.failures.items()
    )
    if failures:
        note = "Cells on which the form or one of its components failed."
        head = ("state", "form", "cells", "the first because")
        made.append(Table("Failures", note, head, failures, prose=True))
    return made


def _of_form(found: Predictiveness, form: str) -> Table:
    by_part: dict[tuple[str, str], list[Prediction]] = {}
    for prediction in found.predictions:
        if prediction.part.form == form:
            by_part.setdefault((prediction.part.images, prediction.part.name), []).append(prediction)
    rows = []
    for (images, name), of_part in by_part.items():
        label = f"{name} (the form)" if of_part[0].part.whole else name
        rows.append((label, images, *(text for prediction in of_part for text in _cells(prediction))))
    columns = [
        heading
        for later in found.later
        for heading in (f"rho, {later}", "tau", *(("paper", "difference") if _is_printed(later) else ()))
    ]
    return Table(form, f"n = {found.counted}.", ("part", "images", *columns), tuple(rows))


def _cells(prediction: Prediction) -> Sequence[str]:
    cells = [interval_text(prediction.rho, prediction.low, prediction.high), rho_text(prediction.tau)]
    if not _is_printed(prediction.later):
        return cells
    part = prediction.part
    printed = PRINTED.get((part.name, prediction.later)) if part.images == IMAGES[0] else None
    if printed is None:
        return [*cells, "", ""]
    difference = round(prediction.rho - printed, 3) + 0.0  # never -0.000
    return [*cells, rho_text(printed), "-" if math.isnan(difference) else f"{difference:+.3f}"]


def _is_printed(later: str) -> bool:
    return any(state == later for _, state in PRINTED)


def notes(found: Predictiveness) -> list[str]:
    """How to read the tables, a line each."""
    return [
        "rho is Spearman's rho between the score in the single-step state (the initialised network) and "
        "the score of the same network in the later state; in brackets its 95% bootstrap interval "
        f"({found.resamples:,} resamples of the cells, seed {found.seed}); tau is Kendall's tau-b.",
        "The score of a state uses the weights of that state as theta in Eq. 3-10; batch, seed and "
        "everything else are the same. The paper does not state this; it is our interpretation of its "
        "section 4.4.",
        "The product is the form with all three components; for a single component, the other two are "
        "replaced by the factor 1. *The form* marks the part that is the named proxy.",
        "Perturbed images: the robust network receives x' of Eq. 4, as the form defines it. Clean images: "
        "it receives x, and only its weights are perturbed. The paper's values are compared with the "
        "former.",
        "Failed scores are not ranked, and all rows of all tables use the same cells.",
        "The paper (300 cells, its own networks) states .995 after 10 steps and .970 after full training "
        "for the product. Of the components, its figure gives .537 (parameters) and .979 (gradients) "
        "after full training; its other values are not legible in our copy and are omitted.",
    ]


@dataclass(frozen=True, eq=False)
class Cloud:
    """The cells by their ranks in two states, `(n,)` each, and Spearman's rho between these."""

    later: str
    early: Floats
    late: Floats
    rho: float


def clouds(found: Predictiveness) -> dict[tuple[str, str], list[Cloud]]:
    """By form and part, on perturbed images, a cloud for each later state."""
    made: dict[tuple[str, str], list[Cloud]] = {(form, part): [] for form in found.forms for part in PARTS}
    for prediction in found.predictions:
        part = prediction.part
        if part.images == IMAGES[0] and part.name in PARTS:
            early, late = (ranks(values) for values in found.values[prediction.later, part.proxy.spec])
            made[part.form, part.name].append(Cloud(prediction.later, early, late, prediction.rho))
    return made


def chart(found: Predictiveness) -> Chart:
    """Ranks in the single-step state against ranks later: a row of panels a form, a panel a part."""

    def paint(layout: Layout) -> Figure:
        figure = canvas(layout, 90 + 300 * len(found.forms))
        axes = figure.subplots(len(found.forms), len(PARTS), squeeze=False, sharex=True, sharey=True)
        for place, ((form, part), there) in zip(axes.flat, clouds(found).items(), strict=True):
            place.plot([1, found.n], [1, found.n], color=CLOUD, linewidth=1, zorder=1)
            for cloud in there:
                colour = SERIES[found.later.index(cloud.later) % len(SERIES)]
                place.scatter(
                    cloud.early, cloud.late, s=24, color=colour, alpha=0.7, linewidths=0, label=cloud.later
                )
            said = ", ".join(f"{cloud.later} {rho_text(cloud.rho)}" for cloud in there)
            place.set_title(f"{part}\nρ: {said}")
            place.set_aspect("equal")
            if part == next(iter(PARTS)):
                place.set_ylabel(f"{form}\nrank later")
        for place in axes[-1]:
            place.set_xlabel("rank, single step")
        handles, labels = axes.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
        return figure

    return Chart(
        "predictiveness",
        "Ranks before and after training",
        "Each dot is a cell: its rank by the form, or by one component of it, in the single-step state "
        "and in a later state, on perturbed images; 1 is the lowest score. On the grey line the rank is "
        "unchanged.",
        "; ".join(
            f"{form}, {part}, {cloud.later}: rho {rho_text(cloud.rho)}"
            for (form, part), there in clouds(found).items()
            for cloud in there
        ),
        tables(found)[0],
        paint,
    )


def figure5(
    space: options.SpaceName = "nasbench201",
    sample: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=f"Distinct cells to draw, or cells of the pool.  [default: {SAMPLE}, or the whole pool]",
        ),
    ] = None,
    steps: Annotated[int, typer.Option(min=0, help="Number of training steps before the later state.")] = 10,
    pool: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of a pool, to compare with full training as well."),
    ] = None,
    data: options.Data = "digits",
    images: Annotated[
        int | None,
        typer.Option(
            min=2, help="Number of training images for the steps, as in `croze train`.  [default: all]"
        ),
    ] = None,
    form: Forms = "croze-paper,croze-official,croze-positional",
    seed: options.SampleSeed = 0,
    score_seed: Annotated[
        int,
        typer.Option(
            min=0, max=options.MAX_SEED, help="Seed of weights, batch, and order of the training images."
        ),
    ] = 0,
    resamples: options.Resamples = 1000,
    batch_size: options.BatchSize = 8,
    channels: options.SpaceChannels = None,
    cells: options.SpaceCells = None,
    layers: options.SpaceLayers = None,
    workers: options.Workers = 0,
    out: options.ScoreFolder = "runs/figure5",
    plot: options.Plot = None,
    page: options.PageFile = None,
    json: options.Json = None,
) -> None:
    """Rank cells by scores of the initialised, the slightly trained and the fully trained network.

    Figure 5 of the paper: Spearman's rho between a form of CRoZe, or one of its components, in the
    single-step state and after some training steps, and with --pool after full training. An interrupted
    command continues when it is run again.
    """
    folder = options.folder_of(out)
    check_files(plot=plot, page=page)
    forms = find_forms(form)
    recipe = find_recipe("standard")
    with redirect_stdout(sys.stderr):  # what a user's file prints is not part of the result
        opened = open_space(space, channels=channels, cells=cells, layers=layers)
    members = [] if pool is None else [(one.architecture, one.folder) for one in Pool.load(pool).members]
    if pool is not None and sample is not None and sample > len(members):
        raise CrozeError(f"A sample of {sample} cells cannot be drawn: {pool} holds {len(members)}.")
    members = members[:sample]
    architectures = [name for name, _ in members] or draw_cells(opened, sample or SAMPLE, seed)
    dataset = open_dataset(data)
    evaluator = Evaluator(opened, draw(dataset, size=batch_size, seed=score_seed), score_seed)
    terminal = console(json)
    first, _ = split(dataset, recipe.validation, score_seed, images)
    with Bar(terminal, "reading images", len(first)) as bar:
        training = cached(dataset, first, lambda done, _: bar.update(done))
    early = initialised(evaluator, architectures)
    pairs = [(early, after_steps(evaluator, architectures, training, recipe, steps))]
    if members:
        usual = all(evaluator.flavour_for(one) == opened.flavours[0] for one in forms)
        same = early if usual else as_trained(evaluator, architectures)
        pairs.append((same, trained(evaluator, members)))
    with Bar(terminal, "networks", len(distinct_states(pairs)) * len(architectures)) as bar:
        found = predictiveness(
            pairs,
            forms,
            folder,
            workers=workers,
            resamples=resamples,
            seed=seed,
            watch=lambda state, done: bar.update(done, state),
        )
    drawn = f"of the pool {pool}" if members else f"distinct ones of {opened!r}, drawn with seed {seed}"
    basis = [
        f"{found.counted}; {drawn}",
        f"scores: weights from seed {score_seed}, {batch_size} images of {data}, drawn balanced over the "
        f"classes (batch {evaluator.batch.digest()[:DIGITS]})",
        f"{steps} steps: SGD with lr {recipe.lr:g}, momentum {recipe.momentum:g}, weight decay "
        f"{recipe.weight_decay:g}, batch {min(recipe.batch_size, len(training))}, padded crops and flips, "
        f"gradients clipped at a norm of {recipe.clip:g}, on {len(training):,} training images, order from "
        f"seed {score_seed}: the first steps of `croze train`, from the weights of the single-step state, "
        "in the network on which each form is defined",
    ]
    if members:
        basis.append(
            f"full training: the best epoch of {len(members):,} trainings in {pool}; the single-step state "
            "is that of the network as it was trained, for every form"
        )
    Outcome(
        title="Scores before and after training",
        about="Rank correlation between the scores of initialised networks and the scores of the same "
        "networks after training: Figure 5 and section 4.4 of the paper.",
        result={**found.to_json(), "scored_on": evaluator.context},
        basis=basis,
        tables=tables(found),
        notes=notes(found),
        chart=chart(found),
    ).publish(terminal, json, plot=plot, page=page)
