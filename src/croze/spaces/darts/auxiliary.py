"""The auxiliary classifier after the second reduction (Liu et al. 2019, section 3.3). Needs torch alone."""

from __future__ import annotations

from torch import Tensor, nn


class AuxiliaryHead(nn.Module):
    """A map of 8x8 (CIFAR) or 7x7 (ImageNet) to logits; in training their loss is added with a weight.

    The ImageNet head has no BatchNorm after its second convolution, as in the DARTS repository.
    """

    def __init__(self, channels: int, classes: int, imagenet: bool = False) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.ReLU(),
            nn.AvgPool2d(5, stride=2 if imagenet else 3, count_include_pad=False),
            nn.Conv2d(channels, 128, 1, bias=False),
            nn.BatchNorm2d(128),
            nn.ReLU(),
            nn.Conv2d(128, 768, 2, bias=False),
            *([] if imagenet else [nn.BatchNorm2d(768)]),
            nn.ReLU(),
        )
        self.classifier = nn.Linear(768, classes)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to logits `(N, classes)`; other sizes than the above raise a ValueError."""
        x = self.features(x)
        if x.shape[2:] != (1, 1):
            raise ValueError(
                "the auxiliary head takes images of the network's size, 32x32 (CIFAR) or 224x224 (ImageNet)"
            )
        logits: Tensor = self.classifier(x.flatten(1))
        return logits
