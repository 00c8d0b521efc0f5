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
    from croze.scoring.score import score, score_all
    from croze.searching.run import SearchRun
    from croze.searching.search import search
    from croze.spaces import open_space
    from croze.types import Batch, LayerScore, Score

_HOMES = {
    "Batch": "croze.types",
    "CrozeError": "croze.errors",
    "LayerScore": "croze.types",
    "Score": "croze.types",
    "SearchRun": "croze.searching.run",
    "parse_proxies": "croze.proxies",
    "parse_proxy": "croze.proxies",
    "load_batch": "croze.data",
    "open_space": "croze.spaces",
    "score": "croze.scoring.score",
    "search": "croze.searching.search",
    "score_all": "croze.scoring.score",
}

__all__ = [
    "Batch",
    "CrozeError",
    "LayerScore",
    "Score",
    "SearchRun",
    "__version__",
    "load_batch",
    "open_space",
    "parse_proxies",
    "parse_proxy",
    "score",
    "score_all",
    "search",
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
