"""Real benchmark files where they exist, and tiny generated ones in the same layout."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from croze.truth import Truth, open_truth

ATTACK_KEYS = ("fgsm@Linf", "pgd@Linf", "aa_apgd-ce@Linf", "aa_square@Linf")
EPSILONS = {key: [0.1, 4.0, 8.0] for key in ATTACK_KEYS}
STRINGS = [
    f"|{a}~0|+|{b}~0|none~1|+|{c}~0|none~1|none~2|"
    for a in ("none", "nor_conv_3x3", "nor_conv_1x1")
    for b in ("skip_connect", "avg_pool_3x3")
    for c in ("none", "nor_conv_1x1")
]
TWINS = [0, 1, 2, 3, 3, 1, 6, 7, 8, 9, 10, 0]
CORRUPTION_KEYS = (
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "defocus_blur",
    "glass_blur",
    "motion_blur",
    "zoom_blur",
    "snow",
    "frost",
    "fog",
    "brightness",
    "contrast",
    "elastic_transform",
    "pixelate",
    "jpeg_compression",
)

TinyFolder = Callable[..., Path]


@pytest.fixture
def tiny_folder(tmp_path: Path) -> TinyFolder:
    """Writes a truth folder of 12 cells in 9 classes; only representatives have values, as published."""

    def write(dataset: str = "cifar10", folder: str | None = None, skip: tuple[str, ...] = ()) -> Path:
        root = tmp_path / "truth"
        home = root / (folder or dataset)
        home.mkdir(parents=True, exist_ok=True)
        ids = {
            str(i): {"nb201-string": s, "isomorph": str(t)}
            for i, (s, t) in enumerate(zip(STRINGS, TWINS, strict=True))
        }
        (root / "meta.json").write_text(json.dumps({"ids": ids, "epsilons": EPSILONS}))
        rng = np.random.default_rng(7)
        widths = {"clean": 0} | dict.fromkeys(ATTACK_KEYS, 3) | dict.fromkeys(CORRUPTION_KEYS, 5)
        for key, width in widths.items():
            values: dict[str, Any] = {
                str(t): rng.random(width).round(3).tolist() if width else round(float(rng.random()), 3)
                for t in sorted(set(TWINS))
            }
            if key not in skip:
                content = {folder or dataset: {key: {"accuracy": values}}}
                (home / f"{key}_accuracy.json").write_text(json.dumps(content))
        return root

    return write


@pytest.fixture
def tiny(tiny_folder: TinyFolder) -> Truth:
    return open_truth(f"robust-nb201:{tiny_folder()}", "cifar10")


@pytest.fixture(scope="module")
def real(shared_data: Path) -> Truth:
    folder = shared_data / "robust_nb201"
    if not folder.is_dir():
        pytest.skip(f"no Robust NAS-Bench-201 in {shared_data}")
    return open_truth(f"robust-nb201:{folder}", "cifar10")
