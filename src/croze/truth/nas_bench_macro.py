"""Reader of NAS-Bench-Macro (Su et al., CVPR 2021).

```
{"01120212": {"test_acc": [92.1, 92.3, 92.0], "mean_acc": 92.13, "params": ..., "flops": ...}, ...}
```

Accuracies are those of three trainings on CIFAR-10, in percent.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from croze.errors import CrozeError
from croze.files import read_bytes
from croze.truth.classes import by_class, classes_of
from croze.truth.columns import CLEAN
from croze.truth.raw import Reader, json_of, known_dataset, one_file
from croze.truth.truth import Provenance, Truth

NAME = "nas-bench-macro"

SPACE = "macro"

DATASETS = ("cifar10",)


def read(path: Path, dataset: str) -> Truth:
    """The truth in the JSON file, all or a part of it: `clean` is the mean of the three trainings.

    Raises:
        CrozeError: an unknown data set, or a file that cannot be read or is not as described above.
    """
    wanted = known_dataset(NAME, DATASETS, dataset)
    content = read_bytes(path, f"{NAME} from")
    entries = json_of(path, content)
    if not isinstance(entries, dict) or not entries:
        raise CrozeError(f"{path} must hold networks by their digits; it holds {type(entries).__name__}.")

    # only when asked for: the space brings its networks along
    from croze.spaces.macro import Macro

    space = Macro()
    keys, means = [], []
    for text, entry in entries.items():
        try:
            keys.append(str(space.canonical(space.parse(text))))
            accuracies = np.array(entry["test_acc"], dtype=float)
            if accuracies.ndim != 1 or not ((accuracies >= 0) & (accuracies <= 100)).all():
                raise ValueError("test_acc holds no accuracies in percent")
            means.append(accuracies.mean() / 100)
        except (KeyError, TypeError, ValueError) as problem:
            raise CrozeError(f"{path}: {text[:40]!r} is no trained network ({problem}).") from None
    representative, place = classes_of(tuple(entries), keys)
    return Truth(
        NAME,
        wanted,
        tuple(entries),
        representative,
        by_class({CLEAN: np.array(means)}, place),
        Provenance.of_file(path, content),
        SPACE,
        {},
        tuple(keys),
        "standard",
    )


READER = Reader(NAME, read, one_file, version=1)
