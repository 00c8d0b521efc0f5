"""Weights of a trained network from a file that another tool wrote."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from croze.errors import CrozeError

NESTED = ("state_dict", "model_state_dict", "model", "net", "network", "params")
"""Where checkpoints keep the weights beside other things."""

PREFIXES = ("module.", "_orig_mod.", "model.", "network.", "net.")
"""What wrappers put before the names of parameters."""

_UNREADABLE = (
    OSError, SafetensorError, pickle.UnpicklingError, RuntimeError, ValueError, EOFError, LookupError,
    TypeError,
)  # fmt: skip
"""What damaged files, and files that would run code, raise."""


def load_weights_of(path: str | Path, model: nn.Module) -> None:
    """Put the weights of a file into a model.

    Read are safetensors and what `torch.save` wrote of tensors and plain containers, without running what the
    file may call: a state dict, or a checkpoint that holds one. Prefixes of wrappers, such as `module.`, are
    taken off.

    Raises:
        CrozeError: when the file cannot be read, or names or shapes differ; the first of them are named.
    """
    path = Path(path).expanduser()
    weights = _state_in(path, _content_of(path))
    expected = model.state_dict()
    for prefix in PREFIXES:
        if all(name.startswith(prefix) for name in weights) and not any(
            name.startswith(prefix) for name in expected
        ):
            weights = {name.removeprefix(prefix): tensor for name, tensor in weights.items()}
    faults = [
        _listed("it lacks", [name for name in expected if name not in weights]),
        _listed("it also has", [name for name in weights if name not in expected]),
        _listed(
            "shapes differ of",
            [n for n in expected if n in weights and weights[n].shape != expected[n].shape],
        ),
    ]
    if any(faults):
        raise CrozeError(f"{path} does not fit the network: {'; '.join(filter(None, faults))}.")
    model.load_state_dict(weights)


def _content_of(path: Path) -> Any:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except (
        OSError,
        SafetensorError,
        pickle.UnpicklingError,
        RuntimeError,
        ValueError,
        EOFError,
        KeyError,
    ) as error:
        lines = [type(error).__name__, *str(error).strip().splitlines()]
        raise CrozeError(
            f"{path} cannot be read as weights ({': '.join(lines[:2])[:120]}): save model.state_dict() as "
            "safetensors or with torch.save."
        ) from None


def _state_in(path: Path, content: Any) -> dict[str, Tensor]:
    if isinstance(content, Mapping):
        if content and all(isinstance(value, Tensor) for value in content.values()):
            return {str(name): tensor for name, tensor in content.items()}
        for key in NESTED:
            if isinstance(content.get(key), Mapping):
                return _state_in(path, content[key])
    raise CrozeError(f"{path} holds no state dict: save model.state_dict().")


def _listed(what: str, names: list[str]) -> str:
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return f"{what} {', '.join(names[:3])}{more}" if names else ""
