"""croze finds neural architectures that stay accurate under perturbation, without training the candidates.

    import croze
    batch = croze.load_batch("digits", size=8, seed=0)
    croze.score(model, batch, proxy="croze-positional").value

Everything here is loaded on first use: importing the package imports no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from croze.lazy import lazily

if TYPE_CHECKING:
    from croze.data import load_batch
    from croze.errors import CrozeError
    from croze.listing import (
        list_aggregates,
        list_algorithms,
        list_attacks,
        list_corruptions,
        list_data,
        list_genotypes,
        list_perturbations,
        list_proxies,
        list_recipes,
        list_spaces,
        list_truths,
    )
    from croze.proxies import parse_proxies, parse_proxy
    from croze.ranking.run import BenchmarkRun, benchmark
    from croze.robustness.run import EvaluationRun, evaluate
    from croze.runs import load_run, report
    from croze.scoring.score import score, score_all
    from croze.searching.run import SearchRun
    from croze.searching.search import search
    from croze.spaces import open_space
    from croze.training import NetworkSpec, TrainingRun, train
    from croze.truth import open_truth
    from croze.types import Batch, LayerScore, Score

    __version__: str

_HOMES = {
    "Batch": "croze.types",
    "BenchmarkRun": "croze.ranking.run",
    "CrozeError": "croze.errors",
    "EvaluationRun": "croze.robustness.run",
    "LayerScore": "croze.types",
    "NetworkSpec": "croze.training",
    "Score": "croze.types",
    "SearchRun": "croze.searching.run",
    "benchmark": "croze.ranking.run",
    "TrainingRun": "croze.training",
    "evaluate": "croze.robustness.run",
    "list_aggregates": "croze.listing",
    "list_algorithms": "croze.listing",
    "list_attacks": "croze.listing",
    "list_corruptions": "croze.listing",
    "list_data": "croze.listing",
    "list_genotypes": "croze.listing",
    "list_perturbations": "croze.listing",
    "list_proxies": "croze.listing",
    "list_recipes": "croze.listing",
    "list_spaces": "croze.listing",
    "list_truths": "croze.listing",
    "load_batch": "croze.data",
    "load_run": "croze.runs",
    "open_space": "croze.spaces",
    "open_truth": "croze.truth",
    "parse_proxies": "croze.proxies",
    "parse_proxy": "croze.proxies",
    "report": "croze.runs",
    "score": "croze.scoring.score",
    "search": "croze.searching.search",
    "score_all": "croze.scoring.score",
    "train": "croze.training",
}

__all__ = [
    "Batch",
    "BenchmarkRun",
    "CrozeError",
    "EvaluationRun",
    "LayerScore",
    "NetworkSpec",
    "Score",
    "SearchRun",
    "TrainingRun",
    "__version__",
    "benchmark",
    "evaluate",
    "list_aggregates",
    "list_algorithms",
    "list_attacks",
    "list_corruptions",
    "list_data",
    "list_genotypes",
    "list_perturbations",
    "list_proxies",
    "list_recipes",
    "list_spaces",
    "list_truths",
    "load_batch",
    "load_run",
    "open_space",
    "open_truth",
    "parse_proxies",
    "parse_proxy",
    "report",
    "score",
    "score_all",
    "search",
    "train",
]

_late, __dir__ = lazily(__name__, _HOMES, __all__)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # slow to import, and rarely wanted

        return version("croze")
    return _late(name)
