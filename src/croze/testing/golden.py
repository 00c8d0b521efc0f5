"""Golden replay: rebuild published reference cases and compare every number.

`python -m croze.testing.golden STEM` reads `STEM.npz` (inputs, already normalised, targets, and the
parameters of every case in the order of the network) and `STEM.json` (cases with their scores and per-layer
terms). A case names a cell of NAS-Bench-201 (`arch`; `channels` and `cells_per_stage` of the file), or a
published genotype (`space` and `genotype`; `channels` and `layers` of the file). It exits 1 when a relative
error exceeds 1e-6 in float64, or 1e-3 for the paper form in float32. In float32 only scores are compared: a
cosine of 1e-5 has no digits left there. The replay runs contiguous; in another layout or on another processor
a unit of the perturbed network may flip, which moves a float32 score by some percent.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from croze.errors import CrozeError
from croze.nn.seeding import single_thread
from croze.nn.stages import declared_stages
from croze.proxies.croze.form import CrozeForm
from croze.proxies.croze.official import CrozeOfficial
from croze.proxies.croze.paper import CrozePaper
from croze.proxies.passes import Passes, Undefined
from croze.spaces import open_space
from croze.spaces.genotypes import find

TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-3}


@dataclass(frozen=True)
class Replay:
    """How far one case is off: the largest relative error over its score and (float64) its layers' terms."""

    form: str
    label: str
    dtype: torch.dtype
    error: float
    where: str

    @property
    def ok(self) -> bool:
        """Whether the error is within the tolerance of the dtype (a NaN is not)."""
        return self.error <= TOLERANCE[self.dtype]


def replay(stem: str | Path) -> list[Replay]:
    """Replay every case of a pair of golden files: all in float64, the paper form in float32 as well.

    Raises:
        CrozeError: when a file is missing or cannot be read, or a case does not fit its network.
    """
    stem = Path(stem)
    try:
        description = json.loads(stem.with_name(stem.name + ".json").read_text())
        with np.load(stem.with_name(stem.name + ".npz"), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        cases = [(dtype, case) for dtype in TOLERANCE for case in description["cases"]]
        if not cases:
            raise CrozeError(f"The golden file {stem}.json holds no case.")
        with single_thread():
            return [
                _replay_case(description, case, arrays, dtype)
                for dtype, case in cases
                if dtype == torch.float64 or case["form"] == "paper"
            ]
    except CrozeError:
        raise
    except (OSError, ValueError, TypeError, BadZipFile, Undefined) as problem:
        raise CrozeError(f"Cannot read the golden files {stem}.json and {stem}.npz: {problem}.") from problem
    except KeyError as problem:
        raise CrozeError(f"The golden files {stem}.json and {stem}.npz lack {problem}.") from problem


def main(arguments: Sequence[str]) -> int:
    """Print the largest relative error per form; 0 when all are within tolerance, else 1; 2 on bad input."""
    if len(arguments) != 1:
        print("usage: python -m croze.testing.golden STEM   (reads STEM.json and STEM.npz)", file=sys.stderr)
        return 2
    try:
        replays = replay(arguments[0])
    except CrozeError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    groups: dict[tuple[str, torch.dtype], list[Replay]] = {}
    for found in replays:
        groups.setdefault((found.form, found.dtype), []).append(found)
    for (form, dtype), members in groups.items():
        worst = max(members, key=lambda r: r.error if r.error == r.error else float("inf"))
        print(
            f"{form:9} {str(dtype).removeprefix('torch.'):8} {len(members)} cases  "
            f"largest relative error {worst.error:.2e} (allowed {TOLERANCE[dtype]:g}), "
            f"{worst.where} of {worst.label}: {'ok' if worst.ok else 'FAILED'}"
        )
    return 0 if replays and all(found.ok for found in replays) else 1


def _replay_case(
    description: Mapping[str, Any],
    case: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    dtype: torch.dtype,
) -> Replay:
    form = _form(case)
    network, label = _network(description, case, form.flavour)
    _load(network, case, arrays)
    network.to(dtype)
    passes = Passes(
        network,
        torch.from_numpy(arrays["inputs"]).to(dtype),
        torch.from_numpy(arrays["targets"]).long(),
        asked=form.asks,
    )
    found = form.measure(passes)
    ours = [layer.terms for layer in found.layers]
    # the paper form leaves out what no gradient reaches; a file may list it with a gradient term of 0
    theirs = [layer for layer in case["layers"] if case["form"] == "official" or layer["gradients"] != 0]
    if len(ours) != len(theirs):
        raise CrozeError(f"Case {label} ({case['form']}) lists {len(theirs)} layers, ours has {len(ours)}.")
    errors = {"score": _relative(found.value, case["score"])}
    if dtype == torch.float64:
        for index, (mine, reference) in enumerate(zip(ours, theirs, strict=True)):
            for term, value in mine.items():
                errors[f"{term} of layer {index}"] = _relative(value, reference[term])
    where = max(errors, key=lambda key: errors[key] if errors[key] == errors[key] else float("inf"))
    return Replay(case["form"], label, dtype, errors[where], where)


def _form(case: Mapping[str, Any]) -> CrozeForm:
    beta, epsilon = float(case["beta"]), float(case["epsilon"])
    if case["form"] == "official":
        return CrozeOfficial(beta, epsilon)
    if case["form"] == "paper":
        return CrozePaper(beta, epsilon, gamma=float(case["gamma"]))
    raise CrozeError(
        f"Unknown form {case['form']!r} in a golden case; the known ones are official and paper."
    )


def _network(description: Mapping[str, Any], case: Mapping[str, Any], flavour: str) -> tuple[nn.Module, str]:
    channels = int(description["channels"])
    if "genotype" in case:
        name, architecture = find(case["genotype"])
        if name != case["space"]:
            raise CrozeError(
                f"A golden case has {case['genotype']} of the space {case['space']}, but it is one of {name}."
            )
        space = open_space(name, channels=channels, layers=int(description["layers"]))
        label = case["genotype"]
    else:
        space = open_space("nasbench201", channels=channels, cells=int(description["cells_per_stage"]))
        architecture, label = space.parse(case["arch"]), case["arch"]
    return space.build(
        architecture,
        classes=int(description["classes"]),
        seed=0,
        flavour=flavour if flavour in space.flavours else space.flavours[0],
    ), label


def _load(network: nn.Module, case: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    prefix = f"{case['form']}_{case['index']}_"
    names = sorted(
        (n for n in arrays if n.startswith(prefix)), key=lambda n: int(n[len(prefix) :].split("_")[0])
    )
    targets = _parameters(network, official=case["form"] == "official")
    every = _parameters(network, official=False)  # a file may hold the BatchNorms that are removed, too
    if len(names) == len(every):
        targets = every
    if len(names) != len(targets):
        raise CrozeError(f"Case {prefix} has {len(names)} arrays, its network {len(targets)} parameters.")
    with torch.no_grad():
        for name, (target, parameter) in zip(names, targets, strict=True):
            if arrays[name].shape != tuple(parameter.shape):
                raise CrozeError(
                    f"Array {name} has shape {arrays[name].shape}, {target} needs {tuple(parameter.shape)}."
                )
            parameter.copy_(torch.from_numpy(arrays[name]))


def _parameters(network: nn.Module, *, official: bool) -> list[tuple[str, nn.Parameter]]:
    """In the network's own order; for the official form without the BatchNorms that it removes."""
    stages = declared_stages(network)
    kept = stages.keeps_batchnorm if stages is not None else ()
    found = []
    for name, module in network.named_modules():
        if official and isinstance(module, _BatchNorm) and not name.startswith(tuple(f"{k}." for k in kept)):
            continue
        found += [(f"{name}.{key}", parameter) for key, parameter in module.named_parameters(recurse=False)]
    return found


def _relative(ours: float, reference: float) -> float:
    return abs(ours - reference) / abs(reference) if reference else abs(ours)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
