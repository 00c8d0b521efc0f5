"""What a benchmark says beyond rho, as tables: by set of cells, other correlations, the top and the pick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from croze.reporting.table import Table
from croze.reporting.text import correlation, percent


def quality_tables(result: Mapping[str, Any], order: Sequence[str]) -> tuple[Table, ...]:
    """All that the result has data for.

    Args:
        result: what `croze benchmark` wrote; older files have none of this.
        order: of the proxies, the best first.
    """
    sets = [one for one in result.get("quality") or [] if one["rows"] and one["cells"]]
    if not sets:
        return ()
    columns = list(sets[0]["pools"])
    return (
        *((_by_set(sets, columns, order),) if len(sets) > 1 else ()),
        *(_beyond(sets[0], column, order) for column in columns),
    )


def _by_set(sets: Sequence[Mapping[str, Any]], columns: Sequence[str], order: Sequence[str]) -> Table:
    found = [_rows(one) for one in sets]
    rows = tuple(
        (
            proxy,
            *(
                correlation(_value(rows[proxy]["columns"].get(column, {}).get("spearman")))
                if proxy in rows
                else "–"
                for column in columns
                for rows in found
            ),
        )
        for proxy in order
    )
    counts = "; ".join(f"{one['name']}: n = {one['cells']:,}" for one in sets)
    return Table(
        "Rho by set of cells",
        f"{counts}. What this project tuned, it tuned on the choose half; figures to quote are those of the "
        "report half.",
        ("proxy", *(f"{column}, {one['name']}" for column in columns for one in sets)),
        rows,
    )


def _beyond(one: Mapping[str, Any], column: str, order: Sequence[str]) -> Table:
    rows = {
        proxy: row["columns"][column] for proxy, row in _rows(one).items() if column in row.get("columns", {})
    }
    first: Mapping[str, Any] = next(iter(rows.values()), {})
    sizes, tops = list(first.get("partial", {})), first.get("top", [])
    pool = one["pools"][column]
    lines = [
        (
            proxy,
            correlation(_value(rows[proxy]["spearman"])),
            correlation(_value(rows[proxy]["kendall"])),
            *(correlation(_value(rows[proxy]["partial"][size])) for size in sizes),
            *(correlation(_value(top["precision"])) for top in rows[proxy]["top"]),
            *(correlation(_value(top["ndcg"])) for top in rows[proxy]["top"]),
            percent(rows[proxy]["picked_accuracy"]),
            _points(_value(rows[proxy]["regret"])),
            *(_points(top["regret"]) for top in rows[proxy]["top"]),
        )
        for proxy in order
        if proxy in rows
    ]
    lines.append(
        (
            "a random order",
            *["–"] * (2 + len(sizes)),
            *(correlation(top["chance"]) for top in tops),
            *(correlation(top["random_ndcg"]) for top in tops),
            percent(pool["mean"]),
            _points(pool["best"] - pool["mean"]),
            *(_points(top["random_regret"]) for top in tops),
        )
    )
    head = (
        "proxy",
        "rho",
        "tau-b",
        *(f"given {size}" for size in sizes),
        *(f"P@{top['k']}" for top in tops),
        *(f"nDCG@{top['k']}" for top in tops),
        "picks",
        "regret",
        *(f"best of {top['k']}" for top in tops),
    )
    note = (
        f"{one['name']}, n = {one['cells']:,}. Given: rho with that size held fixed. P@k: the share of the k "
        "ranked first that are among the k most accurate; nDCG@k: accuracies of the first k, discounted by "
        "place, over those of the best order. Picks: accuracy of the one ranked first; regret: points that "
        f"it falls short of the best there is, {percent(pool['best'])}, and that the best of the first k "
        "does. A last row says what a random order comes to."
    )
    return Table(f"{column}: correlations, the top and the pick", note, head, tuple(lines))


def costs_table(milliseconds: Mapping[str, float]) -> Table:
    """What a score took."""
    rows = tuple((spec, f"{spent:,.1f}") for spec, spent in sorted(milliseconds.items(), key=lambda r: r[1]))
    note = "Of computing, in one thread. A pass that several proxies share counts for the first of them."
    return Table("Milliseconds a cell", note, ("proxy", "ms"), rows)


def _rows(one: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {row["proxy"]: row for row in one["rows"]}


def _value(estimate: Mapping[str, Any] | None) -> float | None:
    return None if estimate is None else estimate["value"]


def _points(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.2f}"
