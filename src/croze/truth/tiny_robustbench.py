"""Reader of Tiny-RobustBench: DARTS cells trained adversarially on CIFAR-10.

```
[{"net": {"genotype": {"normal": [["sep_conv_3x3", 0], ...], "normal_concat": [2, 3, 4, 5], "reduce": [...],
                       "reduce_concate": [2, 3, 4, 5]}, "width": 16, "depth": 8},
  "adversarial_param": {"adv_loss": "pgd", "epsilon": 0.0314, "num_steps": 7, "step_size": 0.01},
  "max_test_top1_original": 75.4, "max_test_top1_adv": 41.99, ...}, ...]
```

Accuracies are in percent. Each is the best over the epochs of the training on the test images, so it is a
little high, and the two of a cell may stem from different epochs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from croze.errors import CrozeError
from croze.files import read_bytes
from croze.truth.classes import by_class, classes_of
from croze.truth.columns import CLEAN
from croze.truth.raw import Reader, json_of, known_dataset, one_file
from croze.truth.truth import Provenance, Truth

NAME = "tiny-robustbench"

SPACE = "darts"

DATASETS = ("cifar10",)

ACCURACIES = ("max_test_top1_original", "max_test_top1_adv")


def read(path: Path, dataset: str) -> Truth:
    """The truth in the JSON file, with the size of the networks.

    Its columns are `clean` and `pgd@8` (the attack and epsilon in 1/255 that the file names). A cell that is
    there several times, with other seeds, has their mean.

    Raises:
        CrozeError: an unknown data set, or a file that cannot be read or is not as described above.
    """
    wanted = known_dataset(NAME, DATASETS, dataset)
    content = read_bytes(path, f"{NAME} from")
    entries = json_of(path, content)
    if not isinstance(entries, list) or not entries:
        raise CrozeError(f"{path} must hold a list of trained cells; it holds {type(entries).__name__}.")

    # only when asked for: the space brings its networks along
    from croze.spaces.darts import Darts

    space = Darts()
    measured: dict[str, list[list[float]]] = {}
    setups = []
    for number, entry in enumerate(entries):
        try:
            genotype = space.parse(_genotype(entry["net"]["genotype"]))
            accuracies = [_percent(entry[key]) for key in ACCURACIES]
            setups.append(_setup(entry))
        except (KeyError, TypeError, ValueError, CrozeError) as problem:
            reason = f"it lacks {problem}" if isinstance(problem, KeyError) else str(problem)
            raise CrozeError(f"{path}: entry {number} is no trained cell ({reason[:300]}).") from None
        if setups[-1] != setups[0]:
            raise CrozeError(
                f"{path}: entry {number} was trained as {setups[-1]}, entry 0 as {setups[0]}; "
                "one truth is of one training: keep those apart."
            )
        measured.setdefault(str(genotype), []).append(accuracies)
    attack, layers, channels = setups[0]
    architectures = tuple(measured)
    names = tuple(str(space.canonical(space.parse(text))) for text in architectures)
    representative, place = classes_of(architectures, names)
    means = np.array([np.mean(rows, axis=0) for rows in measured.values()])
    return Truth(
        NAME,
        wanted,
        architectures,
        representative,
        by_class({CLEAN: means[:, 0].copy(), attack: means[:, 1].copy()}, place),
        Provenance.of_file(path, content),
        SPACE,
        {"layers": layers, "channels": channels},
        names,
        "adversarial",
    )


def _genotype(fields: Mapping[str, Any]) -> str:
    """In a notation of the space: the file has `reduce_concate` for `reduce_concat`."""
    return json.dumps({"reduce_concat" if k == "reduce_concate" else k: v for k, v in fields.items()})


def _percent(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise ValueError(f"expected an accuracy in percent, got {value!r}")
    return value / 100


def _setup(entry: Mapping[str, Any]) -> tuple[str, int, int]:
    """The column of the attack, number of layers and of channels."""
    attack = entry["adversarial_param"]
    return (
        f"{attack['adv_loss']}@{255 * float(attack['epsilon']):.4g}",
        int(entry["net"]["depth"]),
        int(entry["net"]["width"]),
    )


READER = Reader(NAME, read, one_file, version=1)
