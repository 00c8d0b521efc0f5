"""Figures 4 and 6: how much features move, of chosen networks and of groups of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.table import Table as RichTable

from croze.paper.feature_consistency import INPUTS, FeatureConsistency
from croze.paper.feature_variance import Chosen
from croze.reporting.chart import save
from croze.reporting.palette import SERIES


def variance_table(chosen: Sequence[Chosen]) -> RichTable:
    """Figure 4 as numbers: deviation of features over the 18 inputs, and accuracies of whom was chosen."""
    first = chosen[0].features
    basis = f"{first.images} images, severity {first.settings.severity}"
    table = RichTable(
        title=f"Features under {len(INPUTS)} inputs, {basis}",
        title_justify="left",
    )
    table.add_column("training", no_wrap=True)
    table.add_column("chosen by", no_wrap=True)
    for heading in ("deviation", "relative", "clean", "FGSM-8", "PGD-8", "CC"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in chosen:
        shares = (one.accuracies.get(name) for name in ("clean", "fgsm@8", "pgd@8", "corruptions"))
        table.add_row(
            one.training,
            one.by,
            f"{one.features.deviation:.4f}",
            f"{one.features.relative:.3f}",
            *("" if share is None else f"{share:.1%}" for share in shares),
        )
    return table


def draw_variance(chosen: Sequence[Chosen], path: Path) -> None:
    """Figure 4: a bar for each, with twice the standard error over images.

    Raises:
        CrozeError: when the file cannot be written.
    """
    from matplotlib.figure import Figure

    trainings = list(dict.fromkeys(one.training for one in chosen))
    choosers = list(dict.fromkeys(one.by for one in chosen))
    figure = Figure(figsize=(3.4 + 2.6 * len(trainings), 3.8), layout="constrained")
    panels = figure.subplots(1, len(trainings), squeeze=False)[0]
    for axes, training in zip(panels, trainings, strict=True):
        own = {one.by: one for one in chosen if one.training == training}
        for place, by in enumerate(choosers):
            if by not in own:
                continue
            found = own[by].features
            axes.bar(
                place,
                found.relative,
                yerr=2 * found.errors["relative"],
                color=SERIES[(place + 1) % len(SERIES)],
                capsize=3,
            )
            axes.text(place, 0.02 * found.relative, f"{found.relative:.3f}", ha="center", fontsize=8)
        axes.set_xticks(range(len(choosers)), [_wrapped(by) for by in choosers], fontsize=8)
        axes.set_title(f"{training} training, chosen from {next(iter(own.values())).among}", fontsize=9)
        axes.set_ylabel("relative deviation of features over 18 inputs", fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    save(figure, path)


def draw_consistency(groups: Mapping[str, Mapping[str, Sequence[FeatureConsistency]]], path: Path) -> None:
    """Figure 6: cosine between clean and perturbed features, every member a point, groups side by side.

    Args:
        groups: by title of the panel and name of the group, the members' consistencies.

    Raises:
        CrozeError: when the file cannot be written.
    """
    from matplotlib.figure import Figure

    perturbed = INPUTS[1:]
    figure = Figure(figsize=(9.5, 3.1 * len(groups)), layout="constrained")
    panels = figure.subplots(len(groups), 1, squeeze=False)[:, 0]
    for axes, (title, by_group) in zip(panels, groups.items(), strict=True):
        for k, (name, members) in enumerate(by_group.items()):
            colour, marker = SERIES[(2, 4)[k % 2]], "os"[k % 2]
            shift = 0.3 * k - 0.15 * (len(by_group) - 1)
            for number, member in enumerate(members):
                axes.plot(
                    [place + shift for place in range(len(perturbed))],
                    [member.cosine[one] for one in perturbed],
                    marker,
                    color=colour,
                    alpha=0.6,
                    markersize=4,
                    label=name if number == 0 else None,
                )
            means = [sum(m.cosine[one] for m in members) / len(members) for one in perturbed]
            for place, mean in enumerate(means):
                axes.hlines(mean, place + shift - 0.13, place + shift + 0.13, color=colour, linewidth=2)
        axes.set_xticks(
            range(len(perturbed)), [one.replace("_", "\n") for one in perturbed], fontsize=7, rotation=0
        )
        axes.set_ylabel("cosine with clean features", fontsize=8)
        axes.set_title(f"{title} (lines: mean of the group)", fontsize=9)
        axes.legend(fontsize=8)
        axes.grid(alpha=0.3, axis="y")
        axes.spines[["top", "right"]].set_visible(False)
    save(figure, path)


def _wrapped(text: str) -> str:
    return text.replace(" by ", "\nby ") if " by " in text else f"{text}'s\nchoice"
