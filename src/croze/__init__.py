"""croze finds neural architectures that stay accurate under perturbation, without training the candidates.

    import croze
    batch = croze.load_batch("digits", size=8, seed=0)
    croze.score(model, batch, proxy="croze-positional").value

Everything here is loaded on first use: importing the package imports no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from croze.declared import lazily

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

_NAMES = {
    "croze.data": "load_batch",
    "croze.errors": "CrozeError",
    "croze.listing": " ".join(name for name in __all__ if name.startswith("list_")),
    "croze.proxies": "parse_proxies parse_proxy",
    "croze.ranking.run": "BenchmarkRun benchmark",
    "croze.robustness.run": "EvaluationRun evaluate",
    "croze.runs": "load_run report",
    "croze.scoring.score": "score score_all",
    "croze.searching.run": "SearchRun",
    "croze.searching.search": "search",
    "croze.spaces": "open_space",
    "croze.training": "NetworkSpec TrainingRun train",
    "croze.truth": "open_truth",
    "croze.types": "Batch LayerScore Score",
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}

_late, __dir__ = lazily(__name__, _HOMES, __all__)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # slow to import, and rarely wanted

        return version("croze")
    return _late(name)
