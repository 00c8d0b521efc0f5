import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from croze.data.encoded import decode
from croze.errors import CrozeError


def saved(image: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def test_lossless_round_trip(png: Callable[..., bytes]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    found = decode(png(pixels), "the image", None)
    assert found.shape == (3, 5, 7)
    np.testing.assert_array_equal(found, pixels.transpose(2, 0, 1))


def test_channels_are_those_of_the_file_or_those_asked_for(png: Callable[..., bytes]) -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    np.testing.assert_array_equal(decode(png(pixels), "it", None), pixels[None])
    np.testing.assert_array_equal(decode(png(pixels), "it", None, 3), np.stack([pixels] * 3))
    rgba = decode(saved(Image.new("RGBA", (2, 1), (10, 20, 30, 40))), "it", None, 4)
    assert rgba[:, 0, 0].tolist() == [10, 20, 30, 40]
    assert decode(png((10, 20, 30)), "it", None, 4)[3].tolist() == [[255] * 6] * 6
    assert decode(png((10, 10, 10)), "it", None, 1).shape == (1, 6, 6)


def test_sixteen_bits_are_scaled_not_clipped(png: Callable[..., bytes]) -> None:
    levels = np.array([[0, 257, 32768, 65535]], dtype=np.uint16)
    assert decode(png(levels), "it", None)[0].tolist() == [[0, 1, 128, 255]]


def test_transparent_palette() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", transparency=b"\x00\xff")
    assert decode(buffer.getvalue(), "it", None)[:, 0].T.tolist() == [[10, 20, 30], [40, 50, 60]]


def test_resizing_keeps_the_centre() -> None:
    image = Image.new("RGB", (30, 10))
    image.paste((200, 100, 50), (10, 0, 20, 10))
    found = decode(saved(image), "it", 4)
    assert found.shape == (3, 4, 4)
    assert found[:, 1:3, 1:3].reshape(3, -1).T.tolist() == [[200, 100, 50]] * 4


def test_resizing_a_very_long_image_is_cheap() -> None:
    assert decode(saved(Image.new("RGB", (20000, 2))), "it", 64).shape == (3, 64, 64)


def test_right_size_is_left_alone(png: Callable[..., bytes]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(decode(png(pixels), "it", 8), pixels.transpose(2, 0, 1))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "WEBP", "PPM"])
def test_truncated_images_are_named(png: Callable[..., bytes], kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    data = png(noise, kind=kind)
    with pytest.raises(CrozeError, match=r"Cannot decode the image in row 7, replace it or remove it \("):
        decode(data[: len(data) // 2], "the image in row 7", None)


def test_formats_that_run_other_programs_are_refused(png: Callable[..., bytes]) -> None:
    with pytest.raises(CrozeError, match="Cannot decode it"):
        decode(png(kind="EPS"), "it", None)


@pytest.mark.parametrize("data", [b"", b"no image", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_no_image(data: bytes) -> None:
    with pytest.raises(CrozeError, match="Cannot decode it"):
        decode(data, "it", None)


def test_unusual_pixels_are_refused() -> None:
    with pytest.raises(CrozeError, match="must have 8 or 16 bits, it has floating-point"):
        decode(saved(Image.new("F", (2, 2)), "TIFF"), "it", None)
    with pytest.raises(CrozeError, match="must have 8 or 16 bits, it has 32 bits"):
        decode(saved(Image.new("I", (2, 2), 70000), "TIFF"), "it", None)
