"""A network that is an architecture of a space, at the size that was asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from croze.spaces import Space, open_space
from croze.spaces.darts.stacked import StackedSpace
from croze.spaces.genotypes import parse_or_suggest, resolve


@dataclass(frozen=True)
class OfSpace:
    """An architecture and its space.

    Attributes:
        space: as `open_space` takes it.
        settings: what differs from the space's own settings, as pairs, such as `("channels", 16)`.
        architecture: in the notation of the space.
    """

    space: str
    settings: tuple[tuple[str, Any], ...]
    architecture: str

    @property
    def title(self) -> str:
        """The architecture, its space and the settings."""
        settings = "".join(f", {key} {value}" for key, value in self.settings)
        return f"{self.architecture} ({self.space}{settings})"

    def open(self) -> Space[Any]:
        """The space with these settings; raises CrozeError as `open_space`."""
        return open_space(self.space, **dict(self.settings))

    def build(self, classes: int, seed: int) -> nn.Module:
        """The network in the space's usual flavour.

        Raises:
            CrozeError: as `open_space` and `parse`.
        """
        opened = self.open()
        return opened.build(
            opened.parse(self.architecture), classes=classes, seed=seed, flavour=opened.flavours[0]
        )

    def for_training(self, size: tuple[int, ...]) -> OfSpace:
        """The same with an auxiliary head, where the space has one for images of this size `(C, H, W)`.

        Evaluation does without it, but it is part of the weights.
        """
        opened = self.open()
        if not isinstance(opened, StackedSpace) or opened.auxiliary:
            return self
        fits = size[1:] == ((32, 32) if opened.network == "cifar" else (224, 224))
        if not fits:
            return self
        return replace(self, settings=tuple(sorted({**dict(self.settings), "auxiliary": True}.items())))

    def to_json(self) -> dict[str, Any]:
        """Space, settings and architecture."""
        return {"space": self.space, "settings": dict(self.settings), "architecture": self.architecture}


def of_space(architecture: str, space: str | None = None, **settings: Any) -> OfSpace:
    """The subject of an architecture, or of the name of a published one.

    Args:
        architecture: in the notation of the space, or a name of `croze list genotypes`.
        space: without, that of the name, or nasbench201.
        settings: of the space; those that are None stay at its defaults.

    Raises:
        CrozeError: for an unknown space, setting, name or architecture.
    """
    space, text = resolve(architecture, space)
    given = {key: value for key, value in settings.items() if value is not None}
    opened = open_space(space, **given)
    return OfSpace(space, tuple(sorted(given.items())), str(parse_or_suggest(opened, text)))
