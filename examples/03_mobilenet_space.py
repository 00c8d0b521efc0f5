"""A search space of your own: MobileNets whose every block chooses kernel, expansion and squeeze-excite.

    croze search --space examples/03_mobilenet_space.py:MobileNetSpace --max-params 100k --budget 50
    python examples/03_mobilenet_space.py --budget 50 --channels 8

Blocks beyond the depth of their stage are absent, so what is chosen for them decides nothing: `unused` says
which those are. The proxy is the default, `croze-robust`, which needs rectifiers and feature maps: MobileNets
have both.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

import croze
from croze.spaces.choices import ChoiceSpace, Chosen


def conv(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """Convolution with same padding, and BatchNorm."""
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]


class SqueezeExcite(nn.Module):
    """Weighs channels by what a small network makes of their means (Hu et al. 2018, section 3)."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, squeezed, 1),
            nn.ReLU(),
            nn.Conv2d(squeezed, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` in and out."""
        gate: Tensor = self.gate(x)
        return x * gate


class InvertedResidual(nn.Module):
    """Widen, convolve every channel by itself, narrow (Sandler et al. 2018, section 3.3).

    Squeeze and excitation stands before the narrowing, as in MobileNetV3 (Howard et al. 2019, section 5.3);
    an expansion of 1 has no widening convolution.
    """

    def __init__(
        self, inputs: int, outputs: int, stride: int, kernel: int, expansion: int, squeeze_excite: int
    ) -> None:
        super().__init__()
        wide = expansion * inputs
        layers: list[nn.Module] = []
        if expansion > 1:
            layers += [*conv(inputs, wide, 1), nn.ReLU6()]
        layers += [*conv(wide, wide, kernel, stride, groups=wide), nn.ReLU6()]
        if squeeze_excite:
            layers.append(SqueezeExcite(wide, max(4, wide // 4)))
        layers += conv(wide, outputs, 1)
        self.body = nn.Sequential(*layers)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` to `(N, outputs, H / stride, W / stride)`."""
        y: Tensor = self.body(x)
        return x + y if self.residual else y


class MobileNet(nn.Module):
    """Images `(N, 3, H, W)` to logits `(N, classes)`.

    Args:
        classes: number of logits.
        channels: width of the first stage; each later stage has twice the width and half the resolution.
        stages: of every stage the blocks, of every block kernel, expansion and squeeze-excite (0 or 1).
    """

    channels_last = True  # scored in this layout, which is faster on a CPU

    def __init__(self, classes: int, channels: int, stages: Sequence[Sequence[Sequence[int]]]) -> None:
        super().__init__()
        self.stem = nn.Sequential(*conv(3, channels, 3), nn.ReLU6())
        blocks: list[nn.Module] = []
        inputs = channels
        for number, stage in enumerate(stages):
            outputs = channels * 2**number
            for place, (kernel, expansion, squeeze_excite) in enumerate(stage):
                stride = 2 if number > 0 and place == 0 else 1
                blocks.append(InvertedResidual(inputs, outputs, stride, kernel, expansion, squeeze_excite))
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Sequential(*conv(inputs, 4 * inputs, 1), nn.ReLU6())
        self.classifier = nn.Linear(4 * inputs, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, classes)`."""
        x = self.head(self.blocks(self.stem(images)))
        logits: Tensor = self.classifier(torch.mean(x, dim=(2, 3)))
        return logits


STAGES = (1, 2, 3)
BLOCKS = (1, 2, 3)


@dataclass(frozen=True)
class MobileNetSpace(ChoiceSpace):
    """Three stages of one to three blocks: 235 billion networks that differ.

    An architecture reads `d1=2,k1.1=3,e1.1=6,s1.1=0,...`: the depth of stage 1; kernel, expansion and
    squeeze-excite of its first block; and so on.
    """

    channels: int = 16

    name = "mobilenet"
    network = MobileNet

    @property
    def choices(self) -> Mapping[str, Sequence[int]]:
        """Depths of the stages, then the blocks."""
        depths = {f"d{stage}": BLOCKS for stage in STAGES}
        blocks = {
            f"{letter}{stage}.{block}": options
            for stage in STAGES
            for block in BLOCKS
            for letter, options in (("k", (3, 5, 7)), ("e", (1, 3, 6)), ("s", (0, 1)))
        }
        return depths | blocks

    def unused(self, chosen: Chosen) -> list[str]:
        """The choices of absent blocks."""
        return [
            f"{letter}{stage}.{block}"
            for stage in STAGES
            for block in BLOCKS
            for letter in "kes"
            if block > chosen[f"d{stage}"]
        ]

    def arguments(self, chosen: Chosen) -> dict[str, Any]:
        """What `MobileNet` takes besides the classes."""
        stages = tuple(
            tuple(
                tuple(chosen[f"{letter}{stage}.{block}"] for letter in "kes")
                for block in BLOCKS[: chosen[f"d{stage}"]]
            )
            for stage in STAGES
        )
        return {"channels": self.channels, "stages": stages}


def main() -> None:
    """Search under a limit of a hundred thousand parameters; run again, it finds its scores in the store."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--channels", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", default="runs/mobilenet")
    options = parser.parse_args()

    space = MobileNetSpace(options.channels)
    run = croze.search(
        space,
        proxy="croze-robust",
        budget=options.budget,
        max_params=100_000,
        workers=options.workers,
        out=options.out,
    )
    for found in run.ranking[:5]:
        sizes = f"{found.params:,} parameters, {found.flops:,} multiply-adds"
        print(f"{found.score:8.3f}  {sizes}\n          {found.architecture}")


if __name__ == "__main__":
    main()
