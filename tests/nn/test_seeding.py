import pytest
import torch

from croze.nn.seeding import exact_convolutions


@pytest.mark.parametrize("present", [True, False])
def test_on_cuda_devices_convolutions_repeat_in_full_precision(present, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: present)
    cudnn = torch.backends.cudnn
    before = cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark
    with exact_convolutions():
        if present:
            assert (cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark) == (False, True, False)
    assert (cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark) == before
