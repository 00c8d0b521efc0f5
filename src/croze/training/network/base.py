"""What a subject is, and how one comes back from the JSON beside its weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from torch import nn

from croze.errors import CrozeError
from croze.training.network.of_file import OfFile
from croze.training.network.of_space import OfSpace


class Subject(Protocol):
    """A network that can be built again: a value with a short `title`."""

    @property
    def title(self) -> str:
        """For tables and messages."""
        ...

    def build(self, classes: int, seed: int) -> nn.Module:
        """The network with fresh weights drawn from the seed: *normalised* images to logits.

        Raises:
            CrozeError: when it cannot be built.
        """
        ...

    def to_json(self) -> dict[str, Any]:
        """JSON-ready; `subject_from_json` gives an equal subject back."""
        ...


def subject_from_json(content: Mapping[str, Any]) -> Subject:
    """The subject that `to_json` described.

    Raises:
        CrozeError: when this is no such description, or what it names is not there any more.
    """
    try:
        if "model" in content:
            return OfFile(content["model"], content["digest"])
        return OfSpace(content["space"], tuple(content["settings"].items()), content["architecture"])
    except (KeyError, TypeError, AttributeError) as problem:
        raise CrozeError(f"This describes no network ({problem}): name the network anew.") from None
