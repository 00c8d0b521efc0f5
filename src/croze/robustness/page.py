"""An evaluation in a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from croze.reporting.part import Fact, Part, basis_of, paired
from croze.reporting.text import percent, text_of
from croze.robustness.charts import evaluation_charts
from croze.robustness.summary import Summary
from croze.robustness.tables import TOGETHER, tables
from croze.training.page import is_stacked

if TYPE_CHECKING:
    from croze.robustness.run import EvaluationRun


def evaluation_part(run: EvaluationRun) -> Part:
    """An evaluation as a part of a report."""
    summary = run.summary
    return Part(
        "evaluation",
        "Evaluation under attacks and corruptions",
        f"A network of {run.recipe.method if run.recipe else 'unknown'} training, on {run.images:,} images "
        f"of {run.data}{', on which it was trained' if run.trained_on_the_same_data else ''}.",
        _facts(summary) if summary else (Fact("conditions begun", f"{len(run.begun):,}"),),
        paired(evaluation_charts(summary)) if summary else (),
        tables(summary) if summary else (run.table(),),
        _notices(run),
        str(run.network.to_json().get("architecture") or ""),
        basis_of(
            run.provenance,
            ("network", text_of(run.network.to_json())),
            ("training", run.training),
            ("recipe", run.recipe and text_of(run.recipe.in_use(stacked=is_stacked(run.network)))),
            ("data", run.data),
            *((_BASIS.get(key, key.replace("_", " ")), value) for key, value in run.context.items()),
        ),
    )


_BASIS = {"weights": "SHA-256 of the weights", "images": "SHA-256 of the images"}


def _facts(summary: Summary) -> tuple[Fact, ...]:
    clean, *rows = summary.under_attack
    facts = [Fact("clean accuracy", percent(clean.accuracy), f"{clean.images:,} images")]
    # sizes without an average are those of the check for masked gradients
    attacked = [(r.name, r.accuracy) for r in rows if r.size in summary.average_over_attacks]
    attacked += [(f"{TOGETHER} {size}", mean.accuracy) for size, mean in summary.worst_case.items()]
    if attacked:
        name, lowest = min(attacked, key=lambda pair: pair[1])
        facts.append(Fact("under the worst", percent(lowest), name))
    corruptions = summary.corruptions
    if corruptions is not None and corruptions.mean is not None and corruptions.mce is not None:
        facts.append(Fact("under corruptions", percent(corruptions.mean), "mean of all 75"))
        against = f"against {corruptions.reference}" if corruptions.reference else "mean error, %"
        facts.append(Fact("mCE", f"{100 * corruptions.mce:.1f}", against))
    if summary.table3 is not None:
        facts.append(Fact("HRS", percent(summary.table3["hrs"]), "of clean and FGSM 8/255"))
    return tuple(facts)


def _notices(run: EvaluationRun) -> tuple[str, ...]:
    if run.summary is None:
        return (
            "This evaluation has not finished: the accuracies are those of the images evaluated so far. "
            "Its command continues from them.",
        )
    return run.warnings
