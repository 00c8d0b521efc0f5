"""The two reductions of Eq. 5, 8 and 9: over a whole tensor, and position by position along dimension 0."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def whole(a: Tensor, b: Tensor) -> float:
    """Cosine between two tensors flattened, as the paper writes it; 0 where one of them is zero.

    Both are scaled first, so that tensors of any size give the same figure.
    """
    a, b = _scaled(a), _scaled(b)
    scale = float(torch.linalg.vector_norm(a)) * float(torch.linalg.vector_norm(b))
    return float((a * b).sum()) / scale if scale > 0 else 0.0


def along_first(a: Tensor, b: Tensor) -> Tensor:
    """Cosines along dimension 0, one for each remaining position; 0 where one of the two is zero there.

    Both are scaled first, so that tensors of any size give the same figure.
    """
    a, b = _scaled(a), _scaled(b)
    norms = torch.linalg.vector_norm(a, dim=0) * torch.linalg.vector_norm(b, dim=0)
    products = (a * b).sum(dim=0)
    return torch.where(norms > 0, products / norms.clamp_min(torch.finfo(norms.dtype).tiny), 0.0)


def _scaled(a: Tensor) -> Tensor:
    largest = a.abs().max()
    # squares of very small gradients would vanish, those of very large ones overflow
    return a / largest if 0 < largest < torch.inf else a


def released(a: Tensor, b: Tensor) -> Tensor:
    """The same, as the released code computes it: each norm is at least 1e-8."""
    return functional.cosine_similarity(a, b, dim=0, eps=1e-8)
