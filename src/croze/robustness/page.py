"""An evaluation in a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from croze.reporting.part import Fact, Part, basis_of
from croze.reporting.table import Table
from croze.reporting.text import percent, text_of
from croze.robustness.charts import attack_bars, evaluation_charts, per_class_sheet


def evaluation_part(result: Mapping[str, Any]) -> Part:
    """What `croze evaluate` wrote."""
    bars = attack_bars(result)
    clean = bars[0]
    # sizes without an average are those of the check for masked gradients
    attacked = [bar for bar in bars if bar.size in result["average_over_attacks"]]
    facts = [Fact("clean accuracy", percent(clean.accuracy), f"{clean.images:,} images")]
    if attacked:
        worst = min(attacked, key=lambda bar: bar.accuracy)
        facts.append(Fact("under the worst", percent(worst.accuracy), worst.name))
    corruptions = result.get("corruptions") or {}
    if corruptions.get("mean") is not None:
        facts.append(Fact("under corruptions", percent(corruptions["mean"]), "mean of all 75"))
    if corruptions.get("mce") is not None:
        against = corruptions.get("mce_reference")
        facts.append(
            Fact(
                "mCE", f"{100 * corruptions['mce']:.1f}", f"against {against}" if against else "mean error, %"
            )
        )
    table3 = result.get("table3")
    if table3:
        facts.append(Fact("HRS", percent(table3["hrs"]), "of clean and FGSM 8/255"))
    recipe, network = result["recipe"], result["network"]
    return Part(
        "evaluation",
        "Evaluation under attacks and corruptions",
        f"A network of {recipe['method']} training, on {clean.images:,} images of {result['data']}"
        f"{', on which it was trained' if result.get('trained_on_the_same_data') else ''}.",
        tuple(facts),
        evaluation_charts(result),
        tuple(
            sheet
            for sheet in (_averages(result), per_class_sheet(result), _costs(result))
            if sheet is not None
        ),
        _notices(result),
        str(network.get("architecture") or network.get("file") or ""),
        basis_of(
            result["provenance"],
            ("network", text_of(network)),
            ("training", result.get("training")),
            ("recipe", text_of({k: v for k, v in recipe.items() if v not in (None, "")})),
            ("data", result["data"]),
            *((_named(key), value) for key, value in result["context"].items()),
        ),
    )


def _named(key: str) -> str:
    return {"weights": "SHA-256 of the weights", "images": "SHA-256 of the images"}.get(
        key, key.replace("_", " ")
    )


def _notices(result: Mapping[str, Any]) -> tuple[str, ...]:
    notices = [f"Gradients may be masked: {sign}" for sign in result.get("signs_of_masking") or []]
    if result.get("trained_on_the_same_data"):
        notices.append(f"The network was trained on images of {result['data']} itself: unseen ones say more.")
    return tuple(notices)


def _averages(result: Mapping[str, Any]) -> Table | None:
    rows = [
        (f"mean over the attacks, {size}", f"{found['images']:,}", percent(found["accuracy"]))
        for size, found in result["average_over_attacks"].items()
    ]
    table3 = result.get("table3")
    if table3:
        rows += [
            (f"{name} (Tables 3 and 5 of the CRoZe paper)", f"{table3['images']:,}", percent(table3[name]))
            for name in ("clean", "cc", "fgsm", "hrs", "avg")
        ]
    return Table("Means", "", ("figure", "images", "accuracy"), tuple(rows)) if rows else None


def _costs(result: Mapping[str, Any]) -> Table:
    rows = tuple(
        (
            f"{row['what']} {row['size']}".strip(),
            "–" if row["hrs"] is None else percent(row["hrs"]),
            f"{row['forwards_per_image']:,.0f}",
            f"{row['backwards_per_image']:,.0f}",
            f"{row['seconds']:,.1f}",
        )
        for row in result["trials"]
        if not row["size"].startswith("severity ")
    )
    return Table(
        "What the attacks took",
        "HRS is the harmonic mean of clean and robust accuracy on the same images; passes are per image.",
        ("attack", "HRS", "forward passes", "backward passes", "seconds"),
        rows,
    )
