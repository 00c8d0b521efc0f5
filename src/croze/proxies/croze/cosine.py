"""The two reductions of Eq. 5, 8 and 9: over a whole tensor, and position by position along dimension 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


def whole(a: Tensor, b: Tensor) -> float:
    """Cosine between two tensors flattened, as the paper writes it; 0 where one of them is zero.

    Both are scaled first, so that tensors of any size give the same figure.
    """
    a, b = _scaled(a), _scaled(b)
    scale = float(torch.linalg.vector_norm(a)) * float(torch.linalg.vector_norm(b))
    return 0.0 if scale == 0 else float((a * b).sum()) / scale


def along_first(a: Tensor, b: Tensor) -> Tensor:
    """Cosines along dimension 0, one for each remaining position; 0 where one of the two is zero there.

    Both are scaled first, so that tensors of any size give the same figure.
    """
    a, b = _scaled(a), _scaled(b)
    norms = torch.linalg.vector_norm(a, dim=0) * torch.linalg.vector_norm(b, dim=0)
    products = (a * b).sum(dim=0)
    return torch.where(norms == 0, 0.0, products / norms)


def sums_along_first(pairs: Mapping[str, tuple[Tensor, Tensor]]) -> dict[str, float]:
    """Sum over positions of the absolute cosines along dimension 0, for every layer.

    Layers of one shape are worked on together: most are so small that the calls cost more than the numbers.
    """
    alike: dict[Any, list[str]] = {}
    for layer, (a, _) in pairs.items():
        alike.setdefault((a.shape, a.dtype, a.device), []).append(layer)
    sums: dict[str, float] = {}
    for layers in alike.values():
        a, b = (_scaled_each(_stacked([pairs[layer][i] for layer in layers])) for i in (0, 1))
        norms = (a * a).sum(dim=1).sqrt_().mul_((b * b).sum(dim=1).sqrt_())
        cosines = torch.where(norms == 0, 0.0, (a * b).sum(dim=1) / norms)
        sums.update(zip(layers, cosines.abs().sum(dim=1).tolist(), strict=True))
    return {layer: sums[layer] for layer in pairs}


@dataclass
class Products:
    """Sums of which a cosine between two large tensors is made, so that neither has to be kept.

    Attributes:
        ab, aa, bb: sums of products over all elements, or over dimension 0; in float64.
    """

    ab: Tensor
    aa: Tensor
    bb: Tensor

    @classmethod
    def whole(cls, a: Tensor, b: Tensor) -> Products:
        """Over all elements; the cosine is that of the function `whole`."""
        largest = [t.abs().max().double() for t in (a, b)]
        a, b = _scaled(a), _scaled(b)
        scale_a, scale_b = (torch.where(m > 0, m, torch.ones_like(m)) for m in largest)
        norms = [torch.linalg.vector_norm(t).double() for t in (a, b)]
        return cls(
            (a * b).sum().double() * scale_a * scale_b,
            (norms[0] * scale_a).square(),
            (norms[1] * scale_b).square(),
        )

    @classmethod
    def along_first(cls, a: Tensor, b: Tensor) -> Products:
        """Over dimension 0, one for each remaining position."""
        a, b = a.double(), b.double()
        return cls((a * b).sum(dim=0), a.square().sum(dim=0), b.square().sum(dim=0))

    def __add__(self, other: Products) -> Products:
        return Products(self.ab + other.ab, self.aa + other.aa, self.bb + other.bb)

    def cosine(self) -> Tensor:
        """The cosines; 0 where one of the two is zero."""
        norms = self.aa.sqrt() * self.bb.sqrt()
        return torch.where(norms == 0, 0.0, self.ab / norms)


def _scaled(a: Tensor) -> Tensor:
    largest = a.abs().max()
    # squares of very small gradients would vanish, those of very large ones overflow
    return a / largest if 0 < largest < torch.inf else a


def _stacked(tensors: Sequence[Tensor]) -> Tensor:
    """One below the other, `(layers, outputs, positions)`; both of a pair order positions alike."""
    if tensors[0].ndim == 4:  # channels last, so that nothing is transposed
        tensors = [tensor.permute(0, 2, 3, 1) for tensor in tensors]
    stacked = tensors[0].unsqueeze(0) if len(tensors) == 1 else torch.stack(list(tensors))
    return stacked.reshape(*stacked.shape[:2], -1)


def _scaled_each(a: Tensor) -> Tensor:
    largest = torch.maximum(a.amax(dim=(1, 2), keepdim=True), -a.amin(dim=(1, 2), keepdim=True))
    return a / torch.where((largest > 0) & largest.isfinite(), largest, 1.0)


def released(a: Tensor, b: Tensor) -> Tensor:
    """The same, as the released code computes it: each norm is at least 1e-8."""
    return functional.cosine_similarity(a, b, dim=0, eps=1e-8)
