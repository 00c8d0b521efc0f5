"""The corruptions by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from croze.corruptions.base import Kind
from croze.corruptions.brightness import Brightness
from croze.corruptions.contrast import Contrast
from croze.corruptions.defocus_blur import DefocusBlur
from croze.corruptions.elastic_transform import ElasticTransform
from croze.corruptions.fog import Fog
from croze.corruptions.frost import Frost
from croze.corruptions.gaussian_noise import GaussianNoise
from croze.corruptions.glass_blur import GlassBlur
from croze.corruptions.impulse_noise import ImpulseNoise
from croze.corruptions.jpeg_compression import JpegCompression
from croze.corruptions.motion_blur import MotionBlur
from croze.corruptions.pixelate import Pixelate
from croze.corruptions.shot_noise import ShotNoise
from croze.corruptions.snow import Snow
from croze.corruptions.zoom_blur import ZoomBlur

KINDS: Mapping[str, type[Kind]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            GaussianNoise,
            ShotNoise,
            ImpulseNoise,
            DefocusBlur,
            GlassBlur,
            MotionBlur,
            ZoomBlur,
            Snow,
            Frost,
            Fog,
            Brightness,
            Contrast,
            ElasticTransform,
            Pixelate,
            JpegCompression,
        )
    }
)
"""Every corruption by name, in CIFAR-C's order."""
