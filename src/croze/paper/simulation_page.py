"""The page on a simulation: what was replayed, on what, and what came of it, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from croze.paper.simulation import Simulation
from croze.paper.simulation_plot import caption
from croze.paper.simulation_sheets import goals, sheets
from croze.proxies import DEFAULT
from croze.ranking.scored import DIGITS, Scoring
from croze.searching.strategies import settings_of
from croze.truth import nasbench201


@dataclass(frozen=True)
class Basis:
    """What a simulation rests on, for its reader.

    Attributes:
        command: the exact command that made it.
        truth: name of the ground truth.
        dataset: the data set of its accuracies.
        files: SHA-256 of all files that were read, by name.
        half: `choose`, `report` or `both`.
        space: the space and the size of its networks.
        score_seed: of the weights, the batch and the noise behind the guides' scores.
        scoring: on what the guides scored.
        versions: by package.
    """

    command: str
    truth: str
    dataset: str
    files: Mapping[str, str]
    half: str
    space: str
    score_seed: int
    scoring: Scoring
    versions: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping."""
        return {**vars(self), "scoring": dict(vars(self.scoring))}


def render(simulation: Simulation, basis: Basis, figure: str | None = None) -> str:
    """The page, ending with a newline.

    Args:
        figure: where its figure lies, as the page links it; None without.
    """
    blocks = [
        "# Searches replayed",
        "How many models a search trains until it has a good one, on the cells whose accuracies "
        f"{basis.truth} holds for {basis.dataset}: the paper's section 4.3 and Figure 3. This page is "
        "written by a command; do not edit it:",
        f"```console\n$ {basis.command}\n```",
        _rests_on(simulation, basis),
        f"![Best accuracy so far against trained models]({figure})\n\n{caption(simulation)}"
        if figure
        else "",
        _how_to_read(simulation, basis),
        "## The goals\n\n" + "\n".join(f"- {line}" for line in goals(simulation)),
        *(sheet.markdown() for sheet in sheets(simulation)),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _rests_on(simulation: Simulation, basis: Basis) -> str:
    cells, strings = len(simulation.moves.representatives), len(simulation.moves.cells)
    half = "both halves" if basis.half == "both" else f"the {basis.half} half"
    files = ", ".join(f"{name} {digest[:DIGITS]}" for name, digest in basis.files.items())
    versions = ", ".join(f"{name} {version}" for name, version in basis.versions.items())
    scored = basis.scoring
    lines = [
        f"- cells: {half}, {cells:,} distinct ones, {strings:,} strings; {simulation.runs:,} runs of each "
        f"strategy, at most {simulation.budget:,} trained models, seed {simulation.seed}",
    ]
    if simulation.guides:
        lines.append(
            f"- guides: scores of {basis.space}, untrained, seed {basis.score_seed}, on {scored.images} "
            f"images of {scored.data}, drawn {scored.sampling} (batch {scored.batch[:DIGITS]})"
        )
    lines += [f"- {versions}", f"- files (SHA-256): {files}"]
    return "\n".join(lines)


def _how_to_read(simulation: Simulation, basis: Basis) -> str:
    lines = [
        "- Training is looking a test accuracy up. The strategy is told that very accuracy and goes by it, "
        "as in the paper's figure: searches after clean accuracy are told the clean one, those after another "
        "accuracy that one. Who selects on validation data has less to go by.",
        "- Isomorphic cells are one model: a proposal whose class was trained before costs nothing and "
        "counts for nothing. Strings are drawn with equal probability, as `croze search` draws them.",
        "- RAND draws at random; AE is regularised evolution; +warmup begins with the best of a pool by the "
        "guide; +move asks for the neighbours of the best of the population, in the guide's order.",
        "- *Not reached* counts runs that did not get to the goal; a quantile that falls among them is "
        f"`> {simulation.budget:,}`. Quantiles are values of single runs, never between two of them. "
        "*Times fewer* is random search's median divided by the strategy's.",
        *_pool_and_population(simulation),
        *_guidance(simulation, basis.half),
    ]
    if any(target.source == nasbench201.NAME for target in simulation.targets):
        lines.append(
            f"- {nasbench201.NAME} trained the strings of a class each on its own, and their accuracies "
            "differ: a class has the mean over its strings."
        )
    return "## How to read it\n\n" + "\n".join(lines)


def _pool_and_population(simulation: Simulation) -> list[str]:
    moves, lines = simulation.moves, []
    names = list(dict.fromkeys(course.strategy for course in simulation.courses))
    own = {key: value for name in names for key, value in settings_of(name).items() if value is not None}
    own |= simulation.settings
    if "pool" in own:
        lines.append(
            f"- A pool is {min(own['pool'], len(moves.cells)):,} strings, which hold "
            f"{moves.classes_among(own['pool']):,.0f} distinct cells on average. The guide scores them all; "
            "that trains nothing and is not counted here."
        )
    if "population" in own:
        lines.append(
            f"- Settings: {', '.join(f'{key} {value:,}' for key, value in own.items())}. Until a population "
            "is full, strategies with the same beginning train the same models: without warm-up random ones, "
            "with it the best of the pool."
        )
    return lines


def _guidance(simulation: Simulation, half: str) -> list[str]:
    lines = []
    if simulation.guides:
        lines.append(
            f"- An aggregate ranks all {len(simulation.moves.representatives):,} distinct cells here; in a "
            "search it ranks those that it has seen."
        )
    if half != "both":
        lines.append(f"- Strategies see the {half} half only: neighbours in the other half are left out.")
    if DEFAULT in (guide.spec for guide in simulation.guides):
        consequence = {
            "both": "these are both halves, which flatters it, and `--half report` leaves that half out",
            "choose": "figures on it are not for quoting",
            "report": "no cell here had a part in that",
        }[half]
        lines.append(f"- `{DEFAULT}` was chosen on the choose half; {consequence}.")
    return lines
