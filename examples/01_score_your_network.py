"""Score a network of your own.

The file is also what `croze score --model examples/01_score_your_network.py:build` takes.
Any `torch.nn.Module` that maps images (N, C, H, W) to logits will do: scoring works on a copy and leaves the
network as it was.
"""

from torch import Tensor, nn

import croze


class Residual(nn.Module):
    """Two 3x3 convolutions and a skip connection."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.body(x)
        return out.relu()


def build(width: int = 16, depth: int = 3) -> nn.Module:
    """A small residual network for 10 classes."""
    return nn.Sequential(
        nn.Conv2d(3, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        *(Residual(width) for _ in range(depth)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(width, 10),
    )


if __name__ == "__main__":
    batch = croze.load_batch("digits", size=8, seed=0)
    for depth in (1, 3):
        for score in croze.score_all(build(depth=depth), batch, "croze-robust,croze-positional,params"):
            print(f"depth {depth}  {score.proxy:18} {score.value:.4g}", *score.notes)
