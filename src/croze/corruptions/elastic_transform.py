"""`elastic_transform`: the image stretched and contracted in parts."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from croze.corruptions.base import Context, Kind
from croze.corruptions.filters import gaussian_filter, sample

TRUNCATE = 3.0
"""Where the smoothing of the displacements ends, in its sigmas."""


@dataclass(frozen=True)
class ElasticTransform(Kind):
    """A random affine map, then a smooth random displacement; all three numbers in sides of the image.

    Three points around the centre are moved by up to `corners` in either direction, and the image with them
    (linear interpolation, mirrored at the border, border pixels not repeated). Then pixels come from places
    that are displaced by `strength` times U[-1, 1] noise smoothed by a Gaussian of sigma `smoothing`
    (linear interpolation, mirrored with the border pixels repeated). OpenCV, which CIFAR-C used for the
    first step, rounds places to 1/32 pixel; here they are exact.

    On other sizes everything grows with the shorter side.
    """

    strength: float
    smoothing: float
    corners: float

    name = "elastic_transform"
    summary = "stretched and contracted in parts"
    constants = ((0, 0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05), (0.1, 0.03, 0.03))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        """See `Kind.apply`."""
        height, width = images.shape[2:]
        side, device = min(height, width), images.device
        moves = context.draws.uniform(3, 2).mul_(2).sub_(1).mul_(self.corners * side).to(device)
        rows = torch.arange(height, dtype=torch.float64, device=device)[:, None]
        columns = torch.arange(width, dtype=torch.float64, device=device)
        turned = sample(images, *_affine(moves, rows, columns), "reflect")
        if not self.strength:
            return turned
        noise = context.draws.uniform(2, height, width).mul_(2).sub_(1).to(device)
        moved = gaussian_filter(noise, self.smoothing * side, "symmetric", TRUNCATE).mul_(
            self.strength * side
        )
        return sample(turned, rows + moved[:, 1], columns + moved[:, 0], "symmetric")


def _affine(moves: Tensor, rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    """Where the pixels of the moved image come from.

    Args:
        moves: float64 `(N, 3, 2)`, by how much the points move to the right and down.
        rows, columns: of the pixels, `(H, 1)` and `(W,)`.

    Returns:
        Rows and columns, `(N, H, W)`.
    """
    height, width = len(rows), len(columns)
    reach = min(height, width) // 3
    x, y = width // 2, height // 2
    points = torch.tensor([[x + reach, y + reach], [x + reach, y - reach], [x - reach, y - reach]]).to(moves)
    moved = points + moves
    # the map that takes the moved points back: the second one is its origin, the sides to the others its axes
    origin, new_origin = points[1], moved[:, 1]
    first, second = points[0] - origin, points[2] - origin
    new_first, new_second = moved[:, 0] - new_origin, moved[:, 2] - new_origin
    area = new_first[:, 0] * new_second[:, 1] - new_first[:, 1] * new_second[:, 0]
    right, down = columns - new_origin[:, 0, None, None], rows - new_origin[:, 1, None, None]
    a, b, c, d = (v[:, None, None] for v in (*new_first.unbind(1), *new_second.unbind(1)))
    along_first = (right * d - down * c) / area[:, None, None]
    along_second = (down * a - right * b) / area[:, None, None]
    return (
        origin[1] + along_first * first[1] + along_second * second[1],
        origin[0] + along_first * first[0] + along_second * second[0],
    )
