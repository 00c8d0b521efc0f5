import torch

from croze.scoring.evaluator import Evaluator
from croze.spaces import open_space
from croze.types import Batch


def test_grey_images_are_repeated_for_spaces_of_three_channels():
    grey = Batch(torch.rand(2, 1, 16, 16), torch.tensor([0, 1]), 2, (0.5,), (0.2,))
    evaluator = Evaluator(open_space("nasbench201", channels=4, cells=1), grey, 0)
    assert torch.equal(evaluator.batch.images, grey.images.repeat(1, 3, 1, 1))
    assert evaluator.batch.mean == (0.5, 0.5, 0.5)
