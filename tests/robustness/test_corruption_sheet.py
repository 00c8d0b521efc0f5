import numpy as np
import pytest
import torch
from PIL import Image

from croze.corruptions import CORRUPTIONS, GROUPS, corrupt
from croze.errors import CrozeError
from croze.robustness.corruption_sheet import draw_sheet, rows


@pytest.fixture
def image(digits) -> torch.Tensor:
    return digits.images[0]


def test_a_row_a_corruption_by_group(image):
    shown = rows(image, CORRUPTIONS, seed=3, index=5)
    assert [(row.group, row.name) for row in shown] == [
        (group, name) for group, members in GROUPS.items() for name in members
    ]
    for row in shown:
        clean, *corrupted = (torch.from_numpy(picture.copy()).permute(2, 0, 1) for picture in row.pictures)
        assert torch.equal(clean, image)
        for severity, picture in enumerate(corrupted, start=1):
            assert torch.equal(picture, corrupt(image[None], row.name, severity, seed=3, first=5)[0])


def test_some_of_them(image):
    assert [row.name for row in rows(image, ("jpeg_compression", "fog"))] == ["fog", "jpeg_compression"]


@pytest.mark.parametrize("names", [CORRUPTIONS, ("fog",), ("snow", "contrast")])
def test_the_pictures_stand_in_the_sheet(image, names, tmp_path):
    shown = rows(image, names)
    draw_sheet(shown, tmp_path / "sheet.png", "digits")
    sheet = np.asarray(Image.open(tmp_path / "sheet.png").convert("RGB")).astype(float)
    assert sheet.shape[0] > 140 * len(names)
    # the mean of the right column's last picture: it ends a margin before the lower right corner
    margin, side = round(0.18 * 150), round(0.95 * 150)
    last = sheet[-margin - side : -margin, -margin - side : -margin]
    assert last.mean() / 255 == pytest.approx(shown[-1].pictures[-1].mean(), abs=0.02)


def test_files_that_cannot_be(image, tmp_path):
    with pytest.raises(CrozeError, match="must end in"):
        draw_sheet(rows(image, ("fog",)), tmp_path / "sheet.bmp", "digits")
