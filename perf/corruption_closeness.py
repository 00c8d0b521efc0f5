"""Agreement of the corruptions with the code that generated CIFAR-C, where they cannot be equal.

    python perf/corruption_closeness.py --data parquet:test.parquet --frost FOLDER --magick convert

Motion blur beside ImageMagick's own (`--magick` names its program), the procedural textures of frost beside
photographs (`--frost`, a folder with CIFAR-C's), and what the published code does otherwise than its
description in glass, fog and zoom blur. What is not named is left out. Last comes how far each severity leads
from the clean images.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from croze.corruptions import KINDS, SEVERITIES, FrostTextures, corrupt
from croze.corruptions.base import Context, Draws
from croze.corruptions.blur import GlassBlur, ZoomBlur, motion_blur
from croze.corruptions.weather import Fog
from croze.data import open_dataset


def beside_magick(images: Tensor, program: str, count: int) -> None:
    """Both truncated to 8 bits; the angles of motion_blur and of snow."""
    rng, apart, exact = random.Random(0), [], []
    settings = [(c[0], c[1], -45) for c in KINDS["motion_blur"].constants]
    settings += [(c[4], c[5], -135) for c in KINDS["snow"].constants]
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "before.png"), Path(folder, "after.png")
        for i in range(count):
            radius, sigma, least = settings[i % len(settings)]
            angle, image = least + 90 * rng.random(), images[i % len(images)]
            levels = (image * 255).round()
            Image.fromarray(levels.permute(1, 2, 0).byte().numpy()).save(before)
            how = f"{radius:g}x{sigma:g}{angle:+.6f}"
            subprocess.run([program, before, "-motion-blur", how, f"png24:{after}"], check=True)
            theirs = torch.from_numpy(np.asarray(Image.open(after).convert("RGB")).copy()).permute(2, 0, 1)
            ours = motion_blur(levels[None].double(), int(radius), sigma, [angle])[0]
            apart.append(((ours + 1e-4).floor() - theirs).abs())
            exact.append(ours - theirs)
    levels_apart, unrounded = torch.stack(apart), torch.stack(exact)
    print(
        f"motion blur, {count} images: at most {levels_apart.max():g} of 255 apart, "
        f"{(levels_apart == 0).double().mean():.2%} of the values equal; before truncation to 8 bits "
        f"ours is {unrounded.min():+.4f} .. {unrounded.max():+.4f} levels above"
    )


def neighbours(texture: Tensor, distance: int) -> float:
    grey = texture.mean(0)
    pairs = torch.stack([grey[:, :-distance].flatten(), grey[:, distance:].flatten()])
    return torch.corrcoef(pairs)[0, 1].item()


def crops(texture: Tensor) -> Tensor:
    return texture.mean(0).unfold(0, 32, 8).unfold(1, 32, 8).flatten(2).flatten(0, 1)


def beside_photographs(folder: str) -> None:
    print(
        "\n| texture | mean of red, green, blue | standard deviation | within crops | of crop means "
        "| correlation at 1, 2, 4, 8 |"
    )
    print("|---|---|---|---|---|---|")
    pairs = zip(
        FrostTextures.from_folder(folder).scaled(1.0, 32, 32),
        FrostTextures.procedural().scaled(1.0, 32, 32),
        strict=True,
    )
    for number, pair in enumerate(pairs, start=1):
        for kind, texture in zip(("photograph", "synthetic"), pair, strict=True):
            parts = crops(texture)
            print(
                f"| {number}, {kind} "
                f"| {' '.join(f'{v:.2f}' for v in texture.mean((1, 2)))} "
                f"| {' '.join(f'{v:.2f}' for v in texture.std((1, 2)))} "
                f"| {parts.std(1).mean():.3f} | {parts.mean(1).std():.3f} "
                f"| {' '.join(f'{neighbours(texture, d):.2f}' for d in (1, 2, 4, 8))} |"
            )


class CopyingGlass(GlassBlur):
    """A pixel becomes a copy of its neighbour, as by NumPy's views in the published code."""

    def _exchange(self, places: np.ndarray, here: int, there: np.ndarray, images: np.ndarray) -> None:
        places[here] = places[there, images]


def differently(images: Tensor, name: str, severity: int) -> Tensor | None:
    """As the published code does it; None where that is the same."""
    constants = KINDS[name].constants[severity - 1]
    context = Context(Draws(0, name, severity, 0, len(images)), FrostTextures.procedural())
    if name == "fog":
        # its amplitude enters twice, so from level to level it is divided by the square
        return Fog(constants[0], constants[1] ** 2).apply(images, context).clamp(0, 1)
    if name == "zoom_blur":
        return ZoomBlur(constants[0] + 0.01).apply(images, context).clamp(0, 1) if severity <= 2 else None
    return CopyingGlass.at(severity).apply(images, context).clamp(0, 1)


def beside_the_published_code(images: Tensor) -> None:
    print("\n| | severity | distance from clean, L2 | roughness | original code: distance | roughness |")
    print("|---|---|---|---|---|---|")
    for name in ("glass_blur", "zoom_blur", "fog"):
        for severity in SEVERITIES:
            other = differently(images, name, severity)
            if other is None:
                continue
            figures = []
            for found in (corrupt(images, name, severity), other):
                distance = (found - images).flatten(1).norm(dim=1).mean()
                figures.append(f"{distance:.2f} | {found.diff(dim=3).abs().mean():.4f}")
            print(f"| {name} | {severity} | {' | '.join(figures)} |")


def distances(images: Tensor) -> None:
    print(f"\n| distance from clean, L2 | {' | '.join(map(str, SEVERITIES))} |")
    print("|---|---|---|---|---|---|")
    for name in KINDS:
        found = [(corrupt(images, name, s) - images).flatten(1).norm(dim=1).mean() for s in SEVERITIES]
        print(f"| {name} | {' | '.join(f'{distance:.2f}' for distance in found)} |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="digits")
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--magick", help="ImageMagick's program, such as convert or magick")
    parser.add_argument("--frost", help="folder with photographs of frost")
    options = parser.parse_args()
    pixels = open_dataset(options.data).read(np.arange(options.images))
    images = torch.from_numpy(pixels).float() / 255
    if options.magick is not None:
        beside_magick(images, options.magick, options.images)
    if options.frost is not None:
        beside_photographs(options.frost)
    beside_the_published_code(images)
    distances(images)


if __name__ == "__main__":
    main()
