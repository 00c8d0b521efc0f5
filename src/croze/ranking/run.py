"""A benchmark as a value: how proxies rank the cells of a ground truth by their measured accuracies."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NotRequired, Self, TypedDict

import numpy as np
from numpy.typing import NDArray

from croze.data import load_batch
from croze.data.values import DataLike
from croze.errors import CrozeError
from croze.files import Count, parse_json, read_result, write_result
from croze.provenance import Provenance, provenance
from croze.proxies import Criterion, Proxy, merits, parse_proxies, parts_of
from croze.proxies.size import Flops, Params
from croze.ranking.charts import benchmark_charts, cells_chart
from croze.ranking.columns import MEAN, ColumnSet, judged_columns, printed_columns
from croze.ranking.ranking import CONTROL, GIVEN_SIZE, Bootstrap, Ranking, rank, shortfall_of, together
from croze.ranking.ranking import Content as RankingContent
from croze.ranking.scored import DIGITS, Scored, Watch, basis_lines, finite_or_none, score_cells, unwatched
from croze.ranking.sheets import (
    by_set,
    column_sheets,
    heading_of,
    plain_text,
    reading_notes,
    statistic_sheets,
    value_text,
)
from croze.ranking.statistics import DIFFERENCE, GIVEN, SPEARMAN, STATISTICS
from croze.reporting.chart import Chart
from croze.reporting.page import Page
from croze.reporting.part import Fact, Part, basis_of
from croze.reporting.run import Run, Status
from croze.reporting.table import Table
from croze.reporting.text import correlation, text_of
from croze.scoring.evaluator import Evaluator
from croze.spaces import open_space
from croze.stats.correlation import MINIMUM
from croze.truth import Truth, open_truth, select, sets_of

FILE, SCORES = "benchmark.json", "scores.sqlite"

PROXIES = "params,croze-official,croze-positional,croze-robust"
"""What is compared where nothing is named; the others are compared with the first."""

SIZES: tuple[Proxy, ...] = (Params(), CONTROL, Flops())
"""The sizes that a ranking is judged beside."""

OWN = ("croze-robust", "croze-positional")
"""What this project tuned on one half of the cells."""

SHOWN = 3
"""Single columns in the table; the page has all."""


class Failures(TypedDict):
    """Of a proxy."""

    cells: Count
    first_reason: str


class Cellwise(TypedDict):
    """Every chosen cell."""

    architecture: NotRequired[list[str]]
    scores: NotRequired[dict[str, list[float | None]]]
    accuracies: NotRequired[dict[str, list[float | None]]]


class TruthContent(TypedDict):
    """Which truth."""

    name: str
    dataset: str
    sha256: dict[str, str]


class Selection(TypedDict):
    """How the cells were chosen."""

    cells: str
    half: str
    seed: Count


class ScoredOn(TypedDict):
    """What the scores rest on."""

    space: str
    seed: Count
    images: Count
    data: str
    sampling: str
    batch: str


class Content(RankingContent):
    """What `benchmark.json` holds."""

    columns: tuple[str, ...]
    judged: tuple[str, ...]
    sets: tuple[str, ...]
    convention: str
    deep: bool
    failures: dict[str, Failures]
    milliseconds: dict[str, float]
    scored: Cellwise
    truth: TruthContent
    selection: Selection
    scored_on: ScoredOn
    provenance: Provenance


@dataclass(frozen=True, eq=False, repr=False)
class BenchmarkRun(Run):
    """A comparison of proxies with a ground truth, finished, unfinished (scores alone are there) or failed.

    Attributes:
        folder: where it lies.
        ranking: the long table; None while it is unfinished.
        columns: Table 2's, or all that the truth measures; the mean over them stands behind.
        judged: raw columns that all statistics are taken of.
        sets: names of the sets of cells, all chosen ones first.
        convention: of the corruption groups.
        deep: whether all statistics have intervals, on every set of cells.
        failures: by single proxy, parts of aggregates and sizes included, on how many of the chosen cells it
            failed (`cells`) and why on the first of them (`first_reason`); those that failed on none left
            out.
        milliseconds: mean time a cell by single proxy; passes that proxies share count for the first of them.
        scored: every chosen cell: `architecture`, `scores` by single proxy, `accuracies` by column.
        truth: name, data set and provenance of the truth.
        selection: how the cells were chosen.
        scored_on: what they were scored on.
        provenance: command, versions, machine, time.
    """

    folder: Path
    ranking: Ranking | None = None
    columns: tuple[str, ...] = ()
    judged: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    convention: str = ""
    deep: bool = False
    failures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    scored: Mapping[str, Any] = field(default_factory=dict)
    truth: Mapping[str, Any] = field(default_factory=dict)
    selection: Mapping[str, Any] = field(default_factory=dict)
    scored_on: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    kind = "benchmark"
    version = 2

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The benchmark that lies in a folder, or in a file; where scores alone lie there, an unfinished one.

        Raises:
            CrozeError: when none lies there, or it is of another format.
        """
        path = Path(folder) if Path(folder).is_file() else Path(folder) / FILE
        if not path.is_file():
            if not (path.parent / SCORES).is_file():
                raise CrozeError(f"{folder} holds no benchmark: looked for {FILE} and {SCORES}.")
            return cls(path.parent)
        content = read_result(path, cls.kind, cls.version, Content)
        try:
            ranking = Ranking.from_json(content)
            scored = content["scored"]
            columns = [*scored.get("scores", {}).values(), *scored.get("accuracies", {}).values()]
            if any(len(column) != len(scored.get("architecture", [])) for column in columns):
                raise CrozeError("scores and accuracies of the cells differ in number")
            if not content["sets"] or not set(content["sets"]) <= ranking.cells.keys():
                raise CrozeError("it must name sets of cells that it has")
        except CrozeError as problem:
            raise CrozeError(
                f"{path} is no benchmark that can be read ({problem}): run it again, its scores are kept."
            ) from None
        return cls(path.parent, ranking, **{name: content[name] for name in (*_LISTS, *_PLAIN)})

    def save(self) -> None:
        """Write `benchmark.json`; an unfinished benchmark has nothing to write."""
        if self.ranking is not None:
            write_result(self.folder / FILE, self.kind, self.version, self.to_json(), indented=False)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        assert self.ranking is not None
        lists = {name: list(getattr(self, name)) for name in _LISTS}
        return {**self.ranking.to_json(), **lists, **{name: getattr(self, name) for name in _PLAIN}}

    @property
    def status(self) -> Status:
        """`failed` where every proxy succeeded on too few cells."""
        if self.ranking is None:
            return "unfinished"
        return "failed" if self.reason else "finished"

    @property
    def reason(self) -> str:
        """One sentence that says why there are too few cells to compare on; empty when there are enough."""
        if self.ranking is None:
            return ""
        cells = self.ranking.cells[self.sets[0]]
        if cells.n >= MINIMUM:
            return ""
        failures = {proxy: found["cells"] for proxy, found in self.failures.items()}
        return (
            f"A comparison needs at least {MINIMUM} cells on which every proxy succeeded, "
            f"got {cells.n} of {cells.chosen:,}: {shortfall_of(failures)}."
        )

    @cached_property
    def order(self) -> list[str]:
        """The proxies, best mean rho first."""
        return [] if self.ranking is None else self.ranking.order(MEAN, self.sets[0])

    @property
    def best(self) -> str:
        """The proxy of the best mean rho; empty without one."""
        return self.order[0] if self.status == "finished" else ""

    def table(self) -> Table:
        """Mean rho with its interval, the same given live parameters, and rho in some columns."""
        if self.ranking is None:
            return self._progress
        at, cells = self.ranking.at, self.sets[0]
        single = [name for name in self.judged if name != MEAN][:SHOWN]
        rows = tuple(
            (
                f"`{proxy}`",
                value_text(at(proxy, MEAN, cells)),
                plain_text(at(proxy, MEAN, cells, GIVEN_SIZE)),
                *(plain_text(at(proxy, column, cells)) for column in single),
            )
            for proxy in self.order
        )
        entry, drawn = self.ranking.cells[cells], self.ranking.bootstrap
        return Table(
            f"Proxies against {self.truth['name']}, {self.truth['dataset']}",
            f"Spearman's rho on {entry.n:,} of {entry.chosen:,} cells ({entry.distinct:,} distinct). Mean: "
            f"over {len(self.columns)} columns, with its {drawn.level:.0%} bootstrap interval; given size: "
            "the mean partial rho, live parameters held fixed.",
            ("proxy", "mean rho", "given size", *map(heading_of, single)),
            rows,
        )

    def rows(self) -> list[dict[str, Any]]:
        """The long table: proxy, column, cells, statistic, value, low, high, n."""
        if self.ranking is not None:
            return self.ranking.rows()
        names = ("proxy", "architectures", "failed", "seconds")
        return [dict(zip(names, row, strict=True)) for row in self._counts]

    def charts(self) -> tuple[Chart, ...]:
        """All that there are values for."""
        if self.ranking is None:
            return ()
        charts = benchmark_charts(self.ranking, self.sets[0], self.columns)
        cells = cells_chart(self.ranking, self.sets[0], self.scored, self.order) if charts else None
        return charts if cells is None else (*charts, cells)

    def sheets(self) -> list[Table]:
        """Every table of the rankings."""
        if self.ranking is None or self.status == "failed":
            return []
        found = column_sheets(self.ranking, self.sets[0], self.columns, self.convention)
        if len(self.sets) > 1:
            found += [by_set(self.ranking, self.sets, column) for column in self.judged]
        for cells in self.sets:
            found += statistic_sheets(self.ranking, cells, self.judged)
        return [sheet for sheet in found if sheet.rows]

    def markdown(self) -> str:
        """The tables as a Markdown page with what they rest on."""
        assert self.ranking is not None
        chosen, scored = self.selection, self.scored_on
        kind = "distinct cells" if chosen["cells"] == "distinct" else "strings"
        basis = [
            f"cells: {self.ranking.cells[self.sets[0]].chosen:,} {kind} of {self.truth['name']}, "
            f"{self.truth['dataset']}, half: {chosen['half']}, seed {chosen['seed']}",
            f"scores: {scored['space']}, untrained, weights from seed {scored['seed']}, on "
            f"{scored['images']} images of {scored['data']}, drawn {scored['sampling']} (batch "
            f"{scored['batch'][:DIGITS]})",
            *basis_lines(self.provenance, self.truth["sha256"]),
        ]
        return Page(
            f"Proxies against {self.truth['name']}, {self.truth['dataset']}",
            f"Rank correlation of proxies with the accuracies of {self.truth['name']} on "
            f"{self.truth['dataset']}.",
            self.provenance["command"],
            basis,
            reading_notes(self.ranking, deep=self.deep),
            self.sheets(),
        ).markdown()

    def page(self) -> Part:
        """Facts, charts and tables."""
        if self.ranking is None:
            return self._unfinished
        entry = self.ranking.cells[self.sets[0]]
        charts = self.charts()
        facts = []
        if charts:
            first, at = self.order[0], self.ranking.at
            rho, given = (at(first, MEAN, self.sets[0], name).value for name in (SPEARMAN, GIVEN_SIZE))
            facts = [
                Fact("best mean rho", correlation(rho), first),
                Fact("given size", correlation(given), "the same proxy"),
            ]
        facts += [
            Fact("cells", f"{entry.n:,}", f"of {entry.chosen:,}, {entry.distinct:,} distinct"),
            Fact("proxies", f"{len(self.order):,}", f"on {len(self.columns)} columns"),
            Fact("half of the cells", str(self.selection["half"]), f"seed {self.selection['seed']}"),
        ]
        tables = (*self.sheets(), self._failures, self._costs, self._files)
        return Part(
            "benchmark",
            f"Benchmark on {self.truth['name']}, {self.truth['dataset']}",
            f"Proxies compared with measured accuracies of {self.truth['name']} ({self.truth['dataset']}). "
            f"All rows rest on the same {entry.n:,} cells, those on which every proxy succeeded. Corruption "
            f"groups: {self.convention} convention.",
            tuple(facts),
            charts,
            tuple(sheet for sheet in tables if sheet.rows),
            self._notices,
            basis=basis_of(
                self.provenance,
                ("truth", text_of({k: v for k, v in self.truth.items() if isinstance(v, str | int)})),
                ("selection", text_of({k: v for k, v in self.selection.items() if v is not None})),
                ("bootstrap", text_of(asdict(self.ranking.bootstrap))),
                *((what, self.scored_on.get(key)) for what, key in _BASIS),
            ),
        )

    @property
    def _notices(self) -> tuple[str, ...]:
        notices = [self.reason] if self.reason else []
        own = [proxy for proxy in self.order if proxy in OWN]
        half = self.selection["half"]
        if own and half != "report":
            notices.append(
                f"{' and '.join(own)} {'was' if len(own) == 1 else 'were'} tuned on the `choose` half of the "
                f"cells, and these are {'both halves' if half == 'both' else 'that half'}: only the report "
                "half is a fair comparison."
            )
        return tuple(notices)

    @property
    def _failures(self) -> Table:
        chosen = self.ranking.cells[self.sets[0]].chosen if self.ranking is not None else 0
        rows = tuple(
            (proxy, f"{found['cells']:,} of {chosen:,}", str(found["first_reason"]))
            for proxy, found in self.failures.items()
        )
        note = "A cell on which one proxy fails is left out for all."
        return Table("Failures", note, ("proxy", "cells", "first reason"), rows, prose=True)

    @property
    def _costs(self) -> Table:
        spent = sorted(self.milliseconds.items(), key=lambda row: row[1])
        note = "Computing time in one thread. A pass that several proxies share counts for the first of them."
        rows = tuple((spec, f"{ms:,.1f}") for spec, ms in spent)
        return Table("Milliseconds a cell", note, ("proxy", "ms"), rows)

    @property
    def _files(self) -> Table:
        rows = tuple((str(name), str(digest)) for name, digest in self.truth["sha256"].items())
        return Table(
            "Files of the ground truth", "SHA-256 of their content.", ("file", "SHA-256"), rows, prose=True
        )

    @cached_property
    def _counts(self) -> list[tuple[str, int, int, float]]:
        rows = _query(
            self.folder / SCORES,
            "SELECT proxy, COUNT(*), SUM(value IS NULL), SUM(seconds) FROM scores GROUP BY proxy ORDER BY "
            "proxy",
        )
        return [(proxy, count, failed or 0, seconds or 0.0) for proxy, count, failed, seconds in rows]

    @property
    def _progress(self) -> Table:
        rows = tuple((p, f"{n:,}", f"{failed:,}", f"{s:,.1f}") for p, n, failed, s in self._counts)
        return Table("Scores on file", "", ("proxy", "architectures", "failed", "seconds"), rows)

    @property
    def _unfinished(self) -> Part:
        path = self.folder / SCORES
        contexts = _query(path, "SELECT context, description FROM contexts ORDER BY context")
        architectures = _query(path, "SELECT COUNT(DISTINCT architecture) FROM scores")[0][0]
        described = _described(contexts[0][1]) if len(contexts) == 1 else {}
        known = ("space", "seed", "images", "batch", "engine")
        return Part(
            "scores",
            "Scores",
            "The scores of a run without a result in this folder.",
            (
                Fact("architectures", f"{architectures:,}", "with at least one score"),
                Fact("proxies", f"{len(self._counts):,}"),
                Fact("failed scores", f"{sum(row[2] for row in self._counts):,}"),
                Fact("device time", f"{sum(row[3] for row in self._counts):,.0f} s"),
            ),
            (),
            (self._progress,),
            (
                "The run that wrote these scores has not finished, or its result is elsewhere. The same "
                "command continues from them and writes the result.",
            ),
            basis=basis_of({}, *((key, described[key]) for key in known if key in described)),
        )


_LISTS = ("columns", "judged", "sets")

_PLAIN = (
    *("convention", "deep", "failures", "milliseconds", "scored"),
    *("truth", "selection", "scored_on", "provenance"),
)
"""Attributes that are in JSON as they are."""

_BASIS = (
    ("space", "space"),
    ("data", "data"),
    ("images in the batch", "images"),
    ("SHA-256 of the batch", "batch"),
    ("seed of the scores", "seed"),
    ("engine", "engine"),
)


def benchmark(
    truth: str | Truth,
    *,
    dataset: str = "cifar10",
    proxies: str | Criterion | Iterable[str | Criterion] = PROXIES,
    data: DataLike = "digits",
    batch_size: int | None = None,
    sampling: str = "balanced",
    augment: bool = False,
    micro_batch: int | None = None,
    sample: int | None = None,
    cells: str = "all",
    half: str = "both",
    convention: str = "paper",
    judge_by: str | Iterable[str] | None = None,
    statistics: bool = False,
    seed: int = 0,
    score_seed: int = 0,
    resamples: int = 1000,
    channels: int | None = None,
    cells_per_stage: int | None = None,
    workers: int = 1,
    out: str | Path = "runs/benchmark",
    watch: Watch = unwatched,
) -> BenchmarkRun:
    r"""Rank the cells of a ground truth by proxies and compare with their measured accuracies.

    All proxies are compared on the cells on which every one of them succeeded; the others are compared with
    the first. Scores are kept in the folder: the same call continues after an interruption, and a call with
    other cells or proxies computes only the missing scores.

    >>> import random
    >>> import croze
    >>> space, rng = croze.open_space("nasbench201"), random.Random(0)
    >>> rows = [f"{space.sample(rng)},{0.5 + i / 100}" for i in range(12)]
    >>> _ = Path("cells.csv").write_text("\n".join(["arch,clean", *rows, ""]))
    >>> run = croze.benchmark("csv:cells.csv", proxies="params,flops", resamples=10)
    >>> run.status
    'finished'

    Args:
        truth: `NAME:PATH` as `croze.open_truth` takes it, or an opened truth.
        dataset: of the truth, where it is not opened.
        proxies: at least one, as `croze.parse_proxies` takes them.
        data: what cells are scored on, as `croze.load_batch` takes it.
        batch_size, sampling, augment: how the batch is drawn; 8 images without a size.
        micro_batch: most images that a network sees at once; None for the whole batch.
        sample: cells to draw; None for all of them.
        cells: `all` strings, or the `distinct` ones up to isomorphism.
        half: `choose`, `report` or `both` halves of the cells.
        convention: of corruption groups, `paper` or `usual`.
        judge_by: raw columns that all statistics are taken of, see `judged_columns`.
        statistics: whether all statistics have intervals, on every set of cells, which takes longer.
        seed: of the sample and of the bootstrap.
        score_seed: of weights, batch and noise.
        resamples: of the bootstrap over cells.
        channels, cells_per_stage: of the networks; the size that the truth was measured at without.
        workers: processes that score; 0 for one a core.
        out: folder of the scores and the result.
        watch: told how far it is.

    Returns:
        The run; `status` is `failed` where every proxy succeeded on fewer than three cells.

    Raises:
        CrozeError: for a truth, proxy, data set or column that is not known, or values out of range.
    """
    criteria = parse_proxies(proxies)
    known = (
        truth if isinstance(truth, Truth) else open_truth(truth, dataset, partial(watch, "cells converted"))
    )
    columns = printed_columns(known, convention)
    judged = judged_columns(known, judge_by if isinstance(judge_by, str | None) else list(judge_by))
    positions = select(known, sample, seed, cells, half)
    batch = load_batch(data, size=batch_size, seed=score_seed, sampling=sampling, augment=augment)
    space = open_space(known.space, **known.network_of(channels=channels, cells=cells_per_stage))
    evaluator = Evaluator(space, batch, score_seed, micro_batch)
    architectures = [known.architectures[i] for i in positions]
    wanted = parts_of([*criteria, CONTROL, *SIZES])
    scored = score_cells(evaluator, out, architectures, wanted, workers=workers, watch=watch)
    sets = sets_of(known, positions, cells, half)
    ranking = _rank_sets(
        known, columns, judged, positions, sets, scored, criteria, Bootstrap(resamples, seed),
        deep=statistics, watch=watch,
    )  # fmt: skip
    failures = {
        spec: {"cells": len(reasons), "first_reason": next(reasons[a] for a in architectures if a in reasons)}
        for spec, reasons in scored.reasons.items()
        if reasons
    }
    run = BenchmarkRun(
        Path(out),
        ranking,
        columns.names,
        judged.names,
        tuple(sets),
        columns.convention,
        statistics,
        failures,
        {spec: 1000 * spent / len(architectures) for spec, spent in scored.seconds.items()},
        _cells(known, positions.tolist(), scored, judged.names),
        {"name": known.name, "dataset": known.dataset, **asdict(known.provenance)},
        {"sample": sample, "cells": cells, "half": half, "seed": seed},
        {"data": data if isinstance(data, str) else batch.source, "sampling": sampling, **evaluator.context},
        provenance(),
    )
    run.save()
    return run


def _rank_sets(
    truth: Truth,
    columns: ColumnSet,
    judged: ColumnSet,
    positions: NDArray[np.int64],
    sets: Mapping[str, NDArray[np.int64]],
    scored: Scored,
    criteria: Sequence[Criterion],
    bootstrap: Bootstrap,
    *,
    deep: bool,
    watch: Watch,
) -> Ranking:
    """The long table: rho on all columns of the chosen cells, all statistics on those that are judged by.

    Aggregates rank the cells of every set among each other; `sets` are places in `positions`.
    """
    first = next(iter(sets))
    compared = rank(
        truth, columns, positions, merits(criteria, scored.values),
        {CONTROL.spec: scored.values[CONTROL.spec]}, cells=first,
        statistics=(SPEARMAN, GIVEN, DIFFERENCE), reference=criteria[0].spec, bootstrap=bootstrap,
    )  # fmt: skip
    found: list[Ranking] = []
    for name, places in sets.items():
        raw = {spec: values[places] for spec, values in scored.values.items()}
        found.append(
            rank(
                truth, judged, positions[places], merits(criteria, raw),
                {size.spec: raw[size.spec] for size in SIZES}, cells=name,
                statistics=tuple(STATISTICS) if deep or name == first else (SPEARMAN,), deep=deep,
                bootstrap=bootstrap,
            )
        )  # fmt: skip
        watch("sets of cells", len(found), len(sets))
    # the order of statistics is that of what has all of them, the cells are those of what is compared
    return replace(together([*found, compared]), cells=together([compared, *found]).cells)


def _cells(truth: Truth, positions: list[int], scored: Scored, columns: Iterable[str]) -> dict[str, Any]:
    return {
        "architecture": list(scored.architectures),
        "scores": {spec: finite_or_none(values.tolist()) for spec, values in scored.values.items()},
        "accuracies": {name: finite_or_none(truth.values(name)[positions].tolist()) for name in columns},
    }


def _described(text: str) -> dict[str, Any]:
    """What scores rest on, as their store says; nothing where it cannot be read."""
    try:
        found = parse_json(text)
    except CrozeError:
        return {}
    return found if isinstance(found, dict) else {}


def _query(path: Path, query: str) -> list[tuple[Any, ...]]:
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()
    except sqlite3.Error as problem:
        raise CrozeError(f"{path} cannot be read ({problem}): name the folder of a run.") from None
