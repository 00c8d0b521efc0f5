"""Table 6 and Figure 6: the cells that a proxy ranks highest and lowest, trained.

The paper takes 300 cells of NAS-Bench-201 and leaves out those of less than 20% robust accuracy, by the
values of its lowest group under PGD after adversarial training. Its HRS, as here, is the mean of the cells'
HRS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from croze.cli import options
from croze.cli.output import console
from croze.cli.progress import Bar, opened_truth
from croze.data import load_batch
from croze.errors import CrozeError
from croze.paper.features import INPUTS, FeatureConsistency, Settings, member_features, test_images
from croze.paper.options import AllCells, CellsPerStage, sample_of
from croze.paper.output import Outcome, check_files, merits_of
from croze.paper.printed import printed
from croze.pool import Design, Pool, read_design
from croze.proxies import parse_proxies
from croze.reporting.chart import Chart, Layout, canvas
from croze.reporting.palette import SERIES
from croze.reporting.table import Table
from croze.robustness.metrics import harmonic_robustness
from croze.scoring.evaluator import Evaluator
from croze.spaces import open_space
from croze.truth.selection import shared_cells

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Columns = Mapping[str, NDArray[np.float64]]
"""Accuracies in [0, 1] by name, shape `(n,)` each."""

Features = Mapping[str, Mapping[str, Mapping[str, Sequence[FeatureConsistency]]]]
"""By training, proxy and group, of every member."""

LEAST = 0.2
SIZE = 5


@dataclass(frozen=True)
class Group:
    """The highest (`top`) or the lowest (`bottom`) of a proxy's ranking, best first.

    Mean accuracies after either training are in [0, 1], by the columns of Table 6; what is not known is left
    out. `left_out` cells had too little robust accuracy.
    """

    proxy: str
    name: str
    architectures: tuple[str, ...]
    standard: Mapping[str, float]
    adversarial: Mapping[str, float]
    among: int
    left_out: int

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**vars(self), "standard": dict(self.standard), "adversarial": dict(self.adversarial)}


def top_and_bottom(
    architectures: Sequence[str],
    merits: Mapping[str, NDArray[np.float64]],
    standard: Columns,
    adversarial: Columns | None,
    robust: NDArray[np.float64],
    *,
    epsilon: str = "8",
    size: int = SIZE,
    least: float = LEAST,
) -> list[Group]:
    """Both groups of each proxy, of the cells that every proxy scored and that are robust enough.

    `merits` are by proxy, `(n,)`, higher is better, NaN where the score failed; ties keep the order of
    `architectures`. Accuracies are `clean`, `fgsm@8`, `pgd@8`, `corruptions`; those that are absent leave
    columns out. CrozeError when fewer than two groups of cells are left.
    """
    enough = np.nan_to_num(robust, nan=-1.0) >= least
    scored = np.logical_and.reduce([np.isfinite(values) for values in merits.values()])
    kept = np.flatnonzero(enough & scored)
    if len(kept) < 2 * size:
        raise CrozeError(
            f"Two groups of {size} need {2 * size} cells of at least {least:.0%} robust accuracy, got "
            f"{len(kept)} of {len(architectures)}: take more cells, or a lower `least`."
        )
    groups = []
    for proxy, values in merits.items():
        order = kept[np.argsort(-values[kept], kind="stable")]
        for name, members in (("top", order[:size]), ("bottom", order[-size:])):
            groups.append(
                Group(
                    proxy,
                    name,
                    tuple(architectures[i] for i in members),
                    _standard(standard, members, epsilon),
                    {} if adversarial is None else _adversarial(adversarial, members, epsilon),
                    len(kept),
                    int((~enough).sum()),
                )
            )
    return groups


def _standard(columns: Columns, members: NDArray[np.int64], epsilon: str) -> dict[str, float]:
    """Clean, CC, PGD, FGSM, and "Avg. Rob.": the mean of the last three."""
    found = _means(
        columns,
        members,
        {"clean": "clean", "cc": "corruptions", "pgd": f"pgd@{epsilon}", "fgsm": f"fgsm@{epsilon}"},
    )
    robust = [found[name] for name in ("cc", "pgd", "fgsm") if name in found]
    return found | ({"avg_robust": sum(robust) / 3} if len(robust) == 3 else {})


def _adversarial(columns: Columns, members: NDArray[np.int64], epsilon: str) -> dict[str, float]:
    """Clean, PGD, FGSM, and the means of the cells' HRS."""
    means = _means(columns, members, {"clean": "clean", "pgd": f"pgd@{epsilon}", "fgsm": f"fgsm@{epsilon}"})
    found = {"clean": means["clean"]} if "clean" in means else {}
    for name in ("pgd", "fgsm"):
        if name in means and "clean" in means:
            pairs = zip(columns["clean"][members], columns[f"{name}@{epsilon}"][members], strict=True)
            hrs = [harmonic_robustness(float(clean), float(robust)) for clean, robust in pairs]
            found |= {name: means[name], f"hrs_{name}": sum(hrs) / len(hrs)}
    return found


def _means(columns: Columns, members: NDArray[np.int64], names: Mapping[str, str]) -> dict[str, float]:
    return {
        name: float(columns[column][members].mean()) for name, column in names.items() if column in columns
    }


def table(groups: Sequence[Group], training: str, *, comparable: bool) -> Table:
    """One half of Table 6: a row a group and proxy, the paper's last; what is not known is empty."""
    paper = printed(f"table6/{training}")
    first = groups[0]
    title = (
        f"Table 6, {training} training: {len(first.architectures)} best and worst of {first.among} cells "
        f"({first.left_out} excluded for low robust accuracy), %"
    )
    rows = []
    for group in groups:
        found = group.standard if training == "standard" else group.adversarial
        texts = (f"{100 * found[name]:.2f}" if name in found else "" for name in paper.columns)
        rows.append((f"{group.proxy}, {group.name}", *texts))
    for name, values in paper.rows.items() if comparable else ():
        rows.append((f"paper's CRoZe, {name}", *(f"{values[column]:.2f}" for column in paper.columns)))
    head = ("proxy, group", *(name.replace("_", " ") for name in paper.columns))
    return Table(title, "", head, tuple(rows))


def features_of_groups(
    folder: str, groups: Sequence[Group], count: int, terminal: Console
) -> dict[str, dict[str, list[FeatureConsistency]]]:
    """By proxy and group, of every member, from the pool it was trained in."""
    pool = Pool.load(folder)
    images = test_images(pool, None, count)
    members = {member.architecture: member for member in pool.members}
    wanted = list(dict.fromkeys(name for group in groups for name in group.architectures))
    known = {}
    with Bar(terminal, "features", len(wanted) * len(images)) as bar:
        for number, name in enumerate(wanted):

            def watch(done: int, before: int = number * len(images)) -> None:
                bar.update(before + done)

            known[name] = member_features(members[name], images, Settings(), watch)
    found: dict[str, dict[str, list[FeatureConsistency]]] = {}
    for group in groups:
        found.setdefault(group.proxy, {})[group.name] = [known[name] for name in group.architectures]
    return found


def chart(features: Features) -> Chart:
    """Figure 6: cosine between clean and perturbed features, every member a point, groups side by side."""
    perturbed = INPUTS[1:]
    panels = {
        f"{proxy}, {training} training": by_group
        for training, by_proxy in features.items()
        for proxy, by_group in by_proxy.items()
    }
    rows = []
    for title, by_group in panels.items():
        for name, members in by_group.items():
            means = [sum(m.cosine[one] for m in members) / len(members) for one in perturbed]
            rows.append((f"{title}, {name}", *(f"{mean:.3f}" for mean in means)))

    def draw(layout: Layout) -> Figure:
        figure = canvas(layout, 320 * len(panels))
        for axes, (title, by_group) in zip(
            figure.subplots(len(panels), 1, squeeze=False)[:, 0], panels.items(), strict=True
        ):
            for k, (name, members) in enumerate(by_group.items()):
                shift = 0.3 * k - 0.15 * (len(by_group) - 1)
                for place, one in enumerate(perturbed):
                    cosines = [member.cosine[one] for member in members]
                    label = name if place == 0 else None
                    x = [place + shift] * len(cosines)
                    axes.plot(x, cosines, "os"[k % 2], color=SERIES[k % 2], alpha=0.6, ms=5, label=label)
                    mean = sum(cosines) / len(cosines)
                    axes.hlines(mean, x[0] - 0.13, x[0] + 0.13, color=SERIES[k % 2])
            names = [one.replace("_", "\n") for one in perturbed]
            axes.set_xticks(range(len(perturbed)), names, fontsize=0.75 * layout.font)
            axes.set_ylabel("cosine with clean features")
            axes.set_title(title)
            axes.grid(visible=False, axis="x")
            axes.legend()
        return figure

    return Chart(
        "features-of-groups",
        "Feature consistency",
        "Cosine similarity of clean and perturbed features: one point per cell, lines at the group means.",
        "; ".join(f"{row[0]}: {row[1]} under {perturbed[0]}" for row in rows),
        Table("Mean cosine with clean features", "", ("group", *perturbed), tuple(rows)),
        draw,
    )


def _features_json(features: Features) -> dict[str, Any]:
    return {
        training: {
            proxy: {group: [one.to_json() for one in found] for group, found in by_group.items()}
            for proxy, by_group in by_proxy.items()
        }
        for training, by_proxy in features.items()
    }


def settings_of(designs: Sequence[Design], **given: Any) -> dict[str, Any]:
    """Settings of the space that members of these pools are scored with: those given, else those of their
    training.

    CrozeError when the pools are of other settings than each other.
    """
    if len({(design.space, design.settings) for design in designs}) > 1:
        both = " and ".join(f"{d.space} {dict(d.settings)}" for d in designs)
        raise CrozeError(f"The pools are of different networks, {both}: name two of one.")
    own = dict(designs[0].settings) if designs else {}
    return own | {name: value for name, value in given.items() if value is not None}


def table6(
    standard: Annotated[
        str,
        typer.Option(help="Accuracies after standard training, NAME:PATH: robust-nb201:DIR or pool:DIR."),
    ],
    adversarial: Annotated[
        str | None, typer.Option(help="The same cells after adversarial training, NAME:PATH.")
    ] = None,
    dataset: options.DataSet = "cifar10",
    proxies: Annotated[
        str, typer.Option(help="Proxies whose highest and lowest cells are compared, comma-separated.")
    ] = "croze-official,croze-robust",
    sample: Annotated[
        int | None,
        typer.Option(min=2, help="Number of distinct cells to draw.  [default: all that are in both]"),
    ] = None,
    all_cells: AllCells = False,
    seed: Annotated[int, typer.Option(min=0, max=options.MAX_SEED, help="Seed of the draw.")] = 0,
    half: options.Half = "both",
    size: Annotated[int, typer.Option(min=1, help="Cells in a group.")] = SIZE,
    least: Annotated[
        float, typer.Option(min=0, max=1, help="Minimum robust accuracy of a ranked cell.")
    ] = LEAST,
    robust: Annotated[
        str | None,
        typer.Option(
            help="Column that --least applies to, of --adversarial if it is given.  [default: pgd@8 of "
            "--adversarial, fgsm@8 of --standard]"
        ),
    ] = None,
    epsilon: Annotated[str, typer.Option(help="Epsilon of FGSM and PGD in the columns, in 1/255.")] = "8",
    data: Annotated[
        str | None,
        typer.Option(
            help="Images that proxies score on, READER:PATH.  [default: those of a pool, else digits]"
        ),
    ] = None,
    channels: options.SpaceChannels = None,
    cells_per_stage: CellsPerStage = None,
    score_seed: options.ScoreSeed = 0,
    batch_size: options.BatchSize = 8,
    workers: options.Workers = 0,
    out: options.ScoreFolder = "runs/benchmark",
    images: Annotated[int, typer.Option(min=1, help="Test images of the pools, for Figure 6.")] = 500,
    plot: options.Plot = None,
    json: options.Json = None,
) -> None:
    """Accuracies of the five best and five worst cells by proxy (Table 6), of those that are robust enough.

    With pools, --plot also draws Figure 6: the consistency of their features (Eq. 2).
    """
    specs = {"standard": standard} | ({} if adversarial is None else {"adversarial": adversarial})
    pools = {name: spec.partition(":")[2] for name, spec in specs.items() if spec.startswith("pool:")}
    check_files(plot=plot)
    if plot is not None and not pools:
        raise CrozeError(
            "Figure 6 compares features of trained networks: name a pool, --standard pool:DIR, or leave out "
            "--plot."
        )
    criteria = parse_proxies(proxies)
    designs = [read_design(Path(folder)) for folder in pools.values()]
    scored_on = data or (designs[0].data if designs else "digits")
    terminal = console(json)
    truths = {name: opened_truth(spec, dataset, terminal) for name, spec in specs.items()}
    architectures, measured = shared_cells(
        list(truths.values()), sample_of(sample, all_cells=all_cells), seed, half
    )
    columns = dict(zip(truths, measured, strict=True))
    last = list(truths)[-1]
    column = robust or (f"pgd@{epsilon}" if adversarial is not None else f"fgsm@{epsilon}")
    if column not in columns[last]:
        raise CrozeError(f"{specs[last]} has no column {column}; it has {', '.join(columns[last])}.")
    space = open_space(
        designs[0].space if designs else truths["standard"].space,
        **settings_of(designs, channels=channels, cells=cells_per_stage),
    )
    evaluator = Evaluator(space, load_batch(scored_on, size=batch_size, seed=score_seed), score_seed)
    merits = merits_of(evaluator, architectures, criteria, out, workers, terminal)
    groups = top_and_bottom(
        architectures,
        merits,
        columns["standard"],
        columns.get("adversarial"),
        columns[last][column],
        epsilon=epsilon,
        size=size,
        least=least,
    )
    comparable = (truths["standard"].space, dataset) == ("nasbench201", "cifar10")
    features = {name: features_of_groups(folder, groups, images, terminal) for name, folder in pools.items()}
    about = {"both": "cells of both halves, those that proxies were chosen on too"}.get(half, f"{half} half")
    basis = [
        f"scored as {space!r} on {batch_size} images of {scored_on}, seed {score_seed}",
        f"{about}, drawn with seed {seed}",
    ]
    Outcome(
        title="The best and the worst cells",
        about="Accuracies of the cells that a proxy ranks highest and lowest: Table 6 of the paper.",
        result={
            "groups": [group.to_json() for group in groups],
            "cells": len(architectures),
            "left_out_below": {"column": f"{column} of {last}", "accuracy": least},
            "features": _features_json(features),
            "truth": {name: vars(truth.provenance) for name, truth in truths.items()},
        },
        basis=basis,
        tables=[table(groups, name, comparable=comparable) for name in truths],
        chart=chart(features) if features else None,
        remarks=basis,
    ).publish(terminal, json, plot=plot)
