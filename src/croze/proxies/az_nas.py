"""The parts of AZ-NAS that look at blocks: `az-expressivity`, `az-progressivity`, `az-trainability`.

Blocks are what a network names (stem and cells of a space), else they are cuts of the graph of operations:
a block ends where, behind a layer, everything flows through one tensor. Their outputs for N(0, 1) noise
images, on Kaiming-initialised weights in training mode, are `(N, C, H, W)`, `(N, positions, C)` or `(N,
C)`. The fourth part is `flops`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from croze.nn.axes import Layout
from croze.nn.blocks import declared_blocks
from croze.proxies.base import Measurement, Proxy
from croze.proxies.clean import gradients_of
from croze.proxies.passes import Passes, Undefined
from croze.types import LayerScore


@dataclass(frozen=True)
class _Blocks(Proxy):
    """What the three have in common: kaiming initialisation, as much noise as the batch has images."""

    needs_images = False

    def _measured(self, term: str, values: dict[str, float], total: float) -> Measurement:
        return Measurement(total, tuple(LayerScore(block, {term: value}) for block, value in values.items()))


@dataclass(frozen=True)
class Expressivity(_Blocks):
    """Sum over blocks of the entropy of the normalised eigenvalues of the feature covariance.

    The covariance, `(C, C)`, runs over images and positions. In float64: eigenvalues near zero are
    differences.
    """

    name = "az-expressivity"
    summary = "entropy of the principal components of each block's features"
    source = "Lee & Ham 2024, Eq. 2 and 3"

    def measure(self, passes: Passes) -> Measurement:
        """A number >= 0, and the entropy of every block."""
        entropies = passes.once(_entropies)
        return self._measured("entropy", entropies, math.fsum(entropies.values()))


@dataclass(frozen=True)
class Progressivity(_Blocks):
    """The least growth of that entropy from one block to the next; higher is better."""

    name = "az-progressivity"
    summary = "least growth of the features' entropy from block to block"
    source = "Lee & Ham 2024, Eq. 4"

    def measure(self, passes: Passes) -> Measurement:
        """A number of either sign."""
        entropies = passes.once(_entropies)
        if len(entropies) < 2:
            raise Undefined("the network has fewer than 2 blocks to compare")
        values = list(entropies.values())
        growth = dict(zip(list(entropies)[1:], (b - a for a, b in pairwise(values)), strict=True))
        return self._measured("growth", growth, min(growth.values()))


@dataclass(frozen=True)
class Trainability(_Blocks):
    """Mean over blocks of -s - 1 / (s + 1e-6) + 2, s the largest singular value of a block's gradient flow.

    Random signs g_out are sent back through block l alone; what arrives, g_in, and g_out give the matrix
    `E[g_in g_out^T]`, `(C_in, C_out)`, over images and positions. Where a block shrinks the map by a whole
    factor, the positions that become one are stacked into channels. A block that passes its input on
    unchanged has nothing to train, and the score is undefined (the released code ranks it last). In the
    model's dtype, singular values in float64.
    """

    name = "az-trainability"
    summary = "how near each block's gradient flow is to an isometry"
    source = "Lee & Ham 2024, Eq. 5 to 7"
    needs_gradients = True

    def measure(self, passes: Passes) -> Measurement:
        """A number <= 0, and the term of every block."""
        network = passes.network("kaiming")
        (x,) = passes.noise(len(passes.labels))
        generator = torch.Generator().manual_seed(passes.seed)
        terms = {}
        with torch.enable_grad():
            features = _outputs(passes, network, x)
            for before, block in pairwise(features):
                made = features[block]
                maps = made.channels(made.tensor)
                coin = torch.randint(0, 2, maps.shape, generator=generator, dtype=torch.float32)
                out = (2 * coin - 1).to(maps)
                source = features[before]
                found = gradients_of(maps, {block: source.tensor}, along=out, keep=True)
                if block not in found:
                    raise Undefined(f"no gradient passes block {block}")
                back = _stacked(block, source.channels(found[block]), source.sides, made.sides)
                if back.shape == out.shape and torch.equal(back, out):
                    raise Undefined(f"block {block} passes its input on unchanged and has nothing to train")
                s = float(torch.linalg.matrix_norm(_flow(block, back, out), ord=2))
                terms[block] = -s - 1 / (s + 1e-6) + 2
        if not terms:
            raise Undefined("the network has fewer than 2 blocks, so no gradient flows from one to another")
        return self._measured("isometry", terms, math.fsum(terms.values()) / len(terms))


def _entropies(passes: Passes) -> dict[str, float]:
    network = passes.network("kaiming")
    (x,) = passes.noise(len(passes.labels))
    with torch.no_grad():
        found = _outputs(passes, network, x)
    if not found:
        raise Undefined("the network has no blocks with features")
    return {
        block: _entropy(block, features.channels(features.tensor, ordered=False))
        for block, features in found.items()
    }


def _entropy(block: str, features: Tensor) -> float:
    rows = features.transpose(1, 2).flatten(0, 1).double()
    if len(rows) < 2:
        raise Undefined(f"the features of block {block} have one position in one image")
    if bool((rows == rows[0]).all()):  # centring would leave rounding errors
        raise Undefined(f"the features of block {block} are constant or not finite")
    rows = rows - rows.mean(dim=0)
    values = torch.linalg.eigvalsh(rows.T @ rows / len(rows)).clamp_min(0)
    total = float(values.sum())
    if not (math.isfinite(total) and total > 0):
        raise Undefined(f"the features of block {block} are constant or not finite")
    shares = values / total
    return float(-(shares * (shares + 1e-8).log()).sum())


def _stacked(block: str, back: Tensor, sides: tuple[int, ...], smaller: tuple[int, ...]) -> Tensor:
    """Channels and positions of what arrives in front of a block, those that become one as channels."""
    if sides == smaller or len(sides) != 2 or len(smaller) != 2:
        return back
    factor = sides[0] // smaller[0]
    if tuple(factor * side for side in smaller) != sides:
        raise Undefined(
            f"block {block} turns {sides} positions into {smaller}, not smaller by a whole factor"
        )
    image: Tensor = back.unflatten(2, sides)  # type: ignore[no-untyped-call]
    return functional.pixel_unshuffle(image, factor).flatten(2)


def _flow(block: str, back: Tensor, out: Tensor) -> Tensor:
    if back.shape[2] != out.shape[2]:
        raise Undefined(f"the positions in front of block {block} do not match those behind it")
    a, b = (t.transpose(1, 2).flatten(0, 1).double() for t in (back, out))
    return (a.T @ b) / len(b)


@dataclass(frozen=True)
class _Output:
    """What a block gives, as it is in the network, and how it lies; None for `(N, C, H, W)` and its kin."""

    tensor: Tensor
    images: int
    layout: Layout | None = None

    def channels(self, tensor: Tensor, ordered: bool = True) -> Tensor:
        """A tensor that lies like it as `(N, C, positions)`; `ordered` refuses positions in windows."""
        if self.layout is None:
            found = tensor.transpose(1, 2) if tensor.ndim == 3 else tensor.flatten(2)
            return found if tensor.ndim > 2 else tensor[..., None]
        known = len(self.layout.channels) == 1 and (not ordered or self.layout.image == (0, 1))
        split = self.layout.by_channel(tensor, self.images) if known else None
        if split is None:
            raise Undefined("images, channels and positions of some block's output cannot be told apart")
        return split

    @property
    def sides(self) -> tuple[int, ...]:
        """Height and width, or the number of tokens."""
        channels = (
            self.layout.channels if self.layout is not None else (2,) if self.tensor.ndim == 3 else (1,)
        )
        sizes = [size for d, size in enumerate(self.tensor.shape) if d and d not in channels]
        return tuple(size for size in sizes if size > 1 or len(sizes) == 2)


def _outputs(passes: Passes, network: nn.Module, x: Tensor) -> dict[str, _Output]:
    """Each block's output for these images, in forward order, without those of the head.

    The head is what gives `(N, C)` behind blocks that give positions too, or the last block of all.
    """
    found: dict[str, _Output] = {}
    names = declared_blocks(network)
    if names:
        handles = [
            network.get_submodule(name).register_forward_hook(partial(_keep, found, name)) for name in names
        ]
        try:
            passes.logits(network, x)
        finally:
            for handle in handles:
                handle.remove()
    else:
        watch = passes.watch(network, x)
        blocks = watch.plan.blocks
        kept = watch.outputs(blocks)
        passes.logits(network, x, watch=watch)
        found = {name: _Output(kept[step], len(x), layout) for step, (name, layout) in blocks.items()}
    flat = [name for name, features in found.items() if features.tensor.ndim == 2]
    for name in flat if len(flat) < len(found) else flat[-1:]:
        del found[name]
    return found


def _keep(found: dict[str, _Output], name: str, _module: nn.Module, _inputs: Any, output: Any) -> Any:
    if not isinstance(output, Tensor) or output.ndim not in (2, 3, 4) or not output.is_floating_point():
        return None
    found.pop(name, None)
    found[name] = _Output(output, len(output))
    with torch._C.DisableTorchFunction():  # which a walk would count
        return output.clone()  # what follows may work in place, so it gets a copy
