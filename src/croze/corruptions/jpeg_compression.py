"""`jpeg_compression`: what JPEG leaves out."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from croze.corruptions.base import Context, Kind


@dataclass(frozen=True)
class JpegCompression(Kind):
    """To JPEG at this quality and back by Pillow, with its default chroma subsampling (4:2:0).

    In 8 bits, to which the image is rounded. Pillow's libjpeg is what CIFAR-C used, and it is as fast as
    need be.
    """

    quality: int

    name = "jpeg_compression"
    summary = "what JPEG leaves out"
    constants = ((80,), (65,), (58,), (50,), (40,))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        """See `Kind.apply`."""
        levels = (images * 255).round_().to("cpu", torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
        found, size = np.empty_like(levels), (levels.shape[2], levels.shape[1])
        for image, out in zip(levels, found, strict=True):
            file = io.BytesIO()
            Image.fromarray(image).save(file, "JPEG", quality=self.quality)
            # as by Image.open, without finding out again what is known: that takes as long as the rest
            out[...] = np.asarray(Image.frombytes("RGB", size, file.getvalue(), "jpeg", "RGB", ""))
        return torch.from_numpy(found).permute(0, 3, 1, 2).to(images).div_(255)
