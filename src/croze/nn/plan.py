"""What a network's operations are: layers, rectifiers, normalisation and blocks.

Nothing is decided by the class of a module. A *layer* is a parameter, or a part of one, that is multiplied
with what depends on the images (convolutions, linear layers, matrix products, `einsum`), however it gets
there; a weight that is computed from parameters is a layer as well, with the computed tensor as its weight.
Where the output of a layer is cut into channels that go separate ways (query, key and value of attention),
the parts are layers of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from croze.nn.axes import Layout
from croze.nn.operations import Product

At = int | str
"""Position of an argument, or its name."""


@dataclass(frozen=True)
class Piece:
    """Elements of a parameter, in an order that does not depend on how the network is written.

    Attributes:
        parameter: its name; of a weight that is computed, a name of its own.
        index: where the elements lie in the flattened parameter, `(outputs, inputs, ...)`; None for all as
            they are.
        role: what the parameter does: weight, bias, scale or other.
    """

    parameter: str
    index: Tensor | None
    role: str

    def read(self, tensor: Tensor) -> Tensor:
        """Its elements of a tensor shaped like the parameter (the parameter itself, or its gradient)."""
        return tensor if self.index is None else tensor.reshape(-1)[self.index.to(tensor.device)]

    def elements(self, parameters: Mapping[str, Tensor]) -> int:
        """How many there are."""
        return parameters[self.parameter].numel() if self.index is None else self.index.numel()

    def write(self, tensor: Tensor, values: Tensor) -> None:
        """Put elements in their places of a tensor shaped like the parameter."""
        if self.index is None:
            tensor.copy_(values)
        else:
            flat = tensor.reshape(-1)
            flat[self.index.to(tensor.device)] = values.to(flat)
            tensor.copy_(flat.view(tensor.shape))


@dataclass
class Use:
    """A product of images and a weight.

    Attributes:
        step: its number.
        output: the operation that completes it: itself, or the one that adds its bias.
        product: which arguments they are.
        parameter: name of the parameter that the weight is, or is a view of; its own where it is computed.
        computed: whether the weight is computed from parameters.
        layers: the names of its layers, in the order of their outputs.
        rows: which outputs each of them has; None for all.
        layout: of the result.
        bias: names of parameters that are its bias.
    """

    step: int
    output: int
    product: Product
    parameter: str
    computed: bool
    layout: Layout
    layers: list[str] = field(default_factory=list)
    rows: list[Tensor | None] = field(default_factory=list)
    bias: list[Piece] = field(default_factory=list)


@dataclass(frozen=True)
class Norm:
    """A normalisation.

    Attributes:
        source: operation and output that it normalises; None where that is its own first argument.
        over_images: whether it mixes images, as BatchNorm does.
        channels: how what it takes in lies.
    """

    source: tuple[int, int] | None
    over_images: bool
    layout: Layout


@dataclass
class Plan:
    """What was found; operations go by their number, see `walk`.

    Attributes:
        names: of the operations.
        layers: the piece of parameter that is each layer's weight, in forward order.
        tensors: every piece of parameter that is used, in forward order.
        uses: products with weights.
        rectifiers: which argument is rectified, and how it lies.
        norms: normalisations, torch's and others.
        affine: scale and shift behind a normalisation without its own: which argument is normalised, and by
            what.
        mixing: operations whose result is a statistic over images.
        maps: layouts of what layers, norms and rectifiers put out.
        last_map: the last operation with positions on the way to the logits, and its layout.
        blocks: operations that end a block, with their layouts, and names for them.
        mixes: whether an image is treated differently in another company.
        unseen: parameters that enter in another way, and their number of elements.
        total: number of trainable elements.
    """

    names: list[str] = field(default_factory=list)
    layers: dict[str, Piece] = field(default_factory=dict)
    tensors: list[Piece] = field(default_factory=list)
    uses: dict[int, Use] = field(default_factory=dict)
    rectifiers: dict[int, tuple[At, Layout]] = field(default_factory=dict)
    norms: dict[int, Norm] = field(default_factory=dict)
    affine: dict[int, tuple[At, int]] = field(default_factory=dict)
    mixing: dict[int, Layout] = field(default_factory=dict)
    maps: dict[int, Layout] = field(default_factory=dict)
    mixes: bool = False
    last_map: tuple[int, Layout] | None = None
    blocks: dict[int, tuple[str, Layout]] = field(default_factory=dict)
    unseen: Mapping[str, int] = field(default_factory=dict)
    total: int = 0

    @property
    def computed(self) -> frozenset[str]:
        """Names of weights that are computed from parameters."""
        return frozenset(use.parameter for use in self.uses.values() if use.computed)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was not seen, with its share of the weights."""
        if not self.unseen:
            return ()
        share = 100 * sum(self.unseen.values()) / max(self.total, 1)
        names = ", ".join(self.unseen)
        return (
            f"left out, because they enter by other operations than products: {names} "
            f"({share:.3g}% of the weights)",
        )
