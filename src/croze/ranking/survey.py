"""A survey of proxies: all of them on the same cells, against all that a truth measures, and what each is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.data import load_batch
from croze.data.values import DataLike
from croze.files import number_or_none
from croze.provenance import provenance
from croze.proxies import Criterion, parts_of
from croze.ranking.columns import Column, ColumnSet, every_column
from croze.ranking.criteria import (
    ALL,
    Agreement,
    Entry,
    agree,
    catalogue,
    counterparts,
    criteria_of,
    proxy_of,
)
from croze.ranking.ranking import CONTROL, Bootstrap, Ranking, rank_scored, shortfall_of, together
from croze.ranking.scored import Scored, Scoring, Watch, score_cells, time_alone, unwatched
from croze.scoring.evaluator import Evaluator
from croze.spaces import open_space
from croze.stats.correlation import MINIMUM
from croze.truth import PublishedScores, Truth, open_truth, read_published, select

CHOOSE, REPORT, BOTH = "distinct cells, choose half", "distinct cells, report half", "distinct cells"
"""Names of the sets of cells."""


@dataclass(frozen=True)
class Survey:
    """What a survey found.

    Attributes:
        ranking: the long table on `CHOOSE`, `REPORT` and `BOTH`.
        columns: all that the truth measures.
        entries: what each proxy is.
        basis: what it rests on, JSON-ready: `command` and `versions`; `truth`, `dataset` and `files` with
            their SHA-256; `space`, `seed` and `score_seed`; `scoring` of the cells; `published`, the name of
            the file of published scores, its SHA-256 and the scoring of its cells, None without.
        milliseconds: median time of a criterion alone, NaN where it failed; empty when not measured.
        timed: number of cells behind these.
        agreements: with published scores; empty when there were none to compare with.
    """

    ranking: Ranking
    columns: tuple[Column, ...]
    entries: tuple[Entry, ...]
    basis: Mapping[str, Any]
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    timed: int = 0
    agreements: tuple[Agreement, ...] = ()

    @property
    def shortfall(self) -> str:
        """One sentence that says why there are too few cells to compare on; empty when there are enough."""
        for cells, half in ((CHOOSE, "choose"), (REPORT, "report")):
            most = max(record.n for record in self.ranking.select(cells=cells))
            if most < MINIMUM:
                return (
                    f"A survey needs at least {MINIMUM} cells of each half on which some proxy succeeded, "
                    f"got {most} of {self.ranking.cells[cells].chosen:,} of {half}: "
                    f"{shortfall_of(self.ranking.cells[cells].failures)}."
                )
        return ""

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            **self.ranking.to_json(),
            "columns": [column.name for column in self.columns],
            "milliseconds_alone": {spec: number_or_none(ms) for spec, ms in self.milliseconds.items()},
            "timed_cells": self.timed,
            "published": [agreement.to_json() for agreement in self.agreements],
            "catalogue": [asdict(entry) for entry in self.entries],
            "basis": dict(self.basis),
        }


def rank_halves(
    truth: Truth,
    columns: ColumnSet,
    choose: NDArray[np.int64],
    report: NDArray[np.int64],
    scored: Scored,
    criteria: Sequence[Criterion],
    bootstrap: Bootstrap,
) -> Ranking:
    """The criteria on either half of the cells and on both, as `rank_scored` ranks them."""
    sets = {CHOOSE: choose, REPORT: report, BOTH: np.concatenate([choose, report])}
    return together(
        [
            rank_scored(truth, columns, positions, scored, criteria, cells=name, bootstrap=bootstrap)
            for name, positions in sets.items()
        ]
    )


def survey(
    truth: str | Truth,
    *,
    dataset: str = "cifar10",
    proxies: str | Iterable[str | Criterion] = ALL,
    data: DataLike = "digits",
    batch_size: int | None = 16,
    published: str | Path | None = None,
    published_sample: int = 300,
    published_batch_size: int = 64,
    sample: int = 600,
    choose_sample: int | None = None,
    timing_cells: int = 10,
    seed: int = 0,
    score_seed: int = 0,
    resamples: int = 1000,
    channels: int | None = 16,
    cells_per_stage: int | None = 5,
    workers: int = 1,
    out: str | Path = "runs/proxies",
    watch: Watch = unwatched,
) -> Survey:
    """Score distinct cells of both halves by every proxy and correlate with all that the truth measures.

    Args:
        truth, dataset: as of `croze.benchmark`.
        proxies: as `croze.parse_proxies` takes them, or `all`.
        data, batch_size: what cells are scored on, balanced over the classes.
        published: file of scores by others to compare with.
        published_sample, published_batch_size: cells to draw from it, and images for these, drawn at random.
        sample, choose_sample: cells to draw from the report half, and from the choose half; as many without.
        timing_cells: cells to time each proxy alone on; 0 leaves the times out.
        seed: of the draws of cells and of the bootstrap.
        score_seed: of weights, batch and noise.
        resamples: of the bootstrap.
        channels, cells_per_stage: of the networks.
        workers: processes that score; 0 for one a core.
        out: folder of the scores, from which the same call continues.
        watch: told how far it is.

    Raises:
        CrozeError: no criterion, one that is named twice, or whatever truth, data and file object to.
    """
    criteria = criteria_of(proxies)
    known = truth if isinstance(truth, Truth) else open_truth(truth, dataset)
    choose = select(known, choose_sample or sample, seed, cells="distinct", half="choose")
    report = select(known, sample, seed, cells="distinct", half="report")
    space = open_space(known.space, **known.network_of(channels=channels, cells=cells_per_stage))
    pairs = counterparts(criteria)
    theirs: PublishedScores | None = None
    if published is not None and pairs:
        theirs = read_published(published, [pair.column for pair in pairs], space.parse)
        drawn = theirs.draw(published_sample, seed)
        images = load_batch(data, size=published_batch_size, seed=score_seed, sampling="random")
    batch = load_batch(data, size=batch_size, seed=score_seed)
    evaluator = Evaluator(space, batch, score_seed)
    columns = every_column(known)
    wanted = parts_of([*criteria, CONTROL])
    architectures = [known.architectures[i] for i in (*choose, *report)]
    scored = score_cells(evaluator, out, architectures, wanted, workers=workers, watch=watch)
    ranking = rank_halves(known, columns, choose, report, scored, criteria, Bootstrap(resamples, seed))
    named = data if isinstance(data, str) else batch.source
    agreements: tuple[Agreement, ...] = ()
    compared = None
    if theirs is not None:
        beside = Evaluator(space, images, score_seed)
        ours = score_cells(
            beside, out, [theirs.architectures[i] for i in drawn], [proxy_of(pair) for pair in pairs],
            workers=workers, watch=watch,
        )  # fmt: skip
        agreements = agree(theirs, drawn, ours, pairs)
        scoring = Scoring(named, "at random", len(images), images.digest(), len(drawn))
        compared = [theirs.name, theirs.sha256, asdict(scoring)]
    timed = [known.architectures[i] for i in report[:timing_cells]]
    made = provenance()
    scoring = Scoring(named, "balanced over the classes", len(batch), batch.digest(), sample)
    basis = {
        "command": made["command"],
        "truth": known.name,
        "dataset": known.dataset,
        "files": dict(known.provenance.sha256),
        "space": repr(space),
        "seed": seed,
        "score_seed": score_seed,
        "scoring": asdict(scoring),
        "versions": made["versions"],
        "published": compared,
    }
    milliseconds = time_alone(evaluator, timed, criteria, watch) if timed else {}
    return Survey(ranking, columns.columns, catalogue(criteria), basis, milliseconds, len(timed), agreements)
