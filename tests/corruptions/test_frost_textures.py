import numpy as np
import pytest
import torch
from PIL import Image

from croze.corruptions import FrostTextures, corrupt
from croze.corruptions.frost_textures import RECIPES, frosted
from croze.errors import CrozeError


def write(folder, name, side=200, value=100):
    Image.fromarray(np.full((side, side, 3), value, dtype=np.uint8)).save(folder / name)


def test_the_first_five_photographs_are_drawn_from(tmp_path):
    for i in range(6):
        write(tmp_path, f"frost{i}.png", value=40 * i)
    (tmp_path / "notes.txt").write_text("no photograph")
    textures = FrostTextures.from_folder(tmp_path)
    black = torch.zeros(200, 3, 32, 32)
    seen = corrupt(black, "frost", 1, frost=textures)[:, 0, 0, 0] * 255 / 0.2
    assert set(seen.round().int().tolist()) == {0, 40, 80, 120, 160}
    more = corrupt(black, "frost", 1, frost=FrostTextures.from_folder(tmp_path, most=6))
    assert (more[:, 0, 0, 0] * 255 / 0.2).round().max() == 200


def test_at_a_fifth_the_middle_pixels_are_taken():
    photograph = np.random.Generator(np.random.PCG64(0)).integers(0, 256, (350, 500, 3), dtype=np.uint8)
    (texture,) = FrostTextures([photograph]).scaled(1.0, 32, 32)
    assert texture.shape == (3, 70, 100)
    assert np.allclose(texture.numpy().transpose(1, 2, 0), photograph[2::5, 2::5] / 255, atol=1e-7)


def test_small_photographs_are_enlarged_to_hold_the_images():
    ramp = np.tile(np.arange(40, dtype=np.uint8)[:, None, None], (1, 40, 3))
    (texture,) = FrostTextures([ramp]).scaled(2.0, 64, 100)
    assert texture.shape[1] >= 64
    assert texture.shape[2] >= 100
    assert (texture.diff(dim=1) >= 0).all()


def test_textures_grow_with_the_images():
    textures = FrostTextures.procedural()
    for texture, large in zip(textures.scaled(1.0, 32, 32), textures.scaled(2.0, 64, 64), strict=True):
        assert large.shape[1] == 2 * texture.shape[1]
        assert large.mean().item() == pytest.approx(texture.mean().item(), abs=0.01)


def test_procedural_textures_are_always_the_same():
    assert FrostTextures.procedural() is FrostTextures.procedural()
    textures = FrostTextures.procedural().scaled(1.0, 32, 32)
    assert len(textures) == 5
    for recipe, seed, texture in zip(RECIPES, range(5), textures, strict=True):
        again = torch.from_numpy(frosted(recipe, seed)).permute(2, 0, 1) / 255
        assert torch.allclose(again, texture, atol=1e-6)
        assert texture.min() >= 0
        assert texture.max() <= 1


def neighbours(texture, distance):
    grey = texture.mean(0)
    return torch.corrcoef(torch.stack([grey[:, :-distance].flatten(), grey[:, distance:].flatten()]))[0, 1]


def crop_deviation(texture):
    grey = texture.mean(0)
    crops = grey.unfold(0, 32, 8).unfold(1, 32, 8).flatten(2)
    return crops.std(-1).mean().item()


def test_procedural_textures_are_like_the_photographs(shared_data):
    photographs = FrostTextures.from_folder(shared_data / "frost_textures").scaled(1.0, 32, 32)
    for made, real in zip(FrostTextures.procedural().scaled(1.0, 32, 32), photographs, strict=True):
        assert (made.mean((1, 2)) - real.mean((1, 2))).abs().max() < 0.02
        assert (made.std((1, 2)) - real.std((1, 2))).abs().max() < 0.01
        assert crop_deviation(made) == pytest.approx(crop_deviation(real), rel=0.15)
        for distance in (1, 2, 4, 8):
            assert abs(neighbours(made, distance) - neighbours(real, distance)) < 0.08


def test_mistakes(tmp_path):
    with pytest.raises(CrozeError, match=r"no folder .*nowhere"):
        FrostTextures.from_folder(tmp_path / "nowhere")
    with pytest.raises(CrozeError, match="no photographs of frost"):
        FrostTextures.from_folder(tmp_path)
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(CrozeError, match=r"Cannot read the photograph of frost .*a\.png"):
        FrostTextures.from_folder(tmp_path)
    with pytest.raises(CrozeError, match="one photograph at least"):
        FrostTextures([])
