"""croze finds neural architectures that stay accurate under perturbation, without training the candidates.

    import croze
    batch = croze.load_batch("digits", size=8, seed=0)
    croze.score(model, batch, proxy="croze-positional").value

Everything here is loaded on first use: importing the package imports no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from croze.data import load_batch
    from croze.errors import CrozeError
    from croze.proxies import parse_proxies, parse_proxy
    from croze.ranking.run import BenchmarkRun, benchmark
    from croze.scoring.score import score, score_all
    from croze.spaces import open_space
    from croze.truth import open_truth
    from croze.types import Batch, LayerScore, Score

_HOMES = {
    "Batch": "croze.types",
    "BenchmarkRun": "croze.ranking.run",
    "CrozeError": "croze.errors",
    "LayerScore": "croze.types",
    "Score": "croze.types",
    "parse_proxies": "croze.proxies",
    "parse_proxy": "croze.proxies",
    "benchmark": "croze.ranking.run",
    "load_batch": "croze.data",
    "open_truth": "croze.truth",
    "open_space": "croze.spaces",
    "score": "croze.scoring.score",
    "score_all": "croze.scoring.score",
}

__all__ = [
    "Batch",
    "BenchmarkRun",
    "CrozeError",
    "LayerScore",
    "Score",
    "__version__",
    "benchmark",
    "load_batch",
    "open_space",
    "open_truth",
    "parse_proxies",
    "parse_proxy",
    "score",
    "score_all",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # slow to import, and rarely wanted

        return version("croze")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'croze' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
