import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import croze
from croze.data import ArrayDataset, load_batch, open_dataset
from croze.data.splits import in_split, same_images
from croze.errors import CrozeError

PIXELS = torch.arange(20 * 3 * 4 * 4, dtype=torch.int64).remainder(256).to(torch.uint8).view(20, 3, 4, 4)
LABELS = torch.arange(20).remainder(5)


class Items(torch.utils.data.Dataset):
    """What torchvision's data sets look like from outside; counts how often an image is made."""

    def __init__(self, make, labels=LABELS, targets=None):
        self.make, self.labels, self.made = make, labels, []
        if targets is not None:
            self.targets = targets

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, k):
        if k >= len(self):
            raise IndexError(k)
        self.made.append(k)
        return self.make(k), int(self.labels[k])


def as_pil(k):
    return Image.fromarray(PIXELS[k].permute(1, 2, 0).numpy())


def as_floats(k):
    return PIXELS[k].float() / 255


EQUAL = {
    "arrays": lambda: ArrayDataset(PIXELS.numpy(), LABELS.numpy()),
    "uint8 tensors": lambda: (PIXELS, LABELS),
    "float tensors": lambda: (PIXELS.float() / 255, LABELS),
    "numpy arrays": lambda: (PIXELS.numpy(), LABELS.numpy().astype(np.int32)),
    "PIL items": lambda: Items(as_pil),
    "tensor items": lambda: Items(as_floats),
    "items with targets": lambda: Items(as_floats, targets=LABELS.tolist()),
    "a subset": lambda: torch.utils.data.Subset(Items(as_floats), range(20)),
    "tensors as a dataset": lambda: torch.utils.data.TensorDataset(PIXELS.float() / 255, LABELS),
    "a list of items": lambda: [(as_floats(k), LABELS[k]) for k in range(20)],
}


@pytest.mark.parametrize("kind", EQUAL)
def test_the_same_images_are_the_same_data_however_they_are_given(kind):
    data = open_dataset(EQUAL[kind]())
    wanted = ArrayDataset(PIXELS.numpy(), LABELS.numpy())
    assert (len(data), data.size, data.classes) == (20, (3, 4, 4), 5)
    np.testing.assert_array_equal(data.read(range(20)), wanted.read(range(20)))
    assert (data.mean, data.std) == (wanted.mean, wanted.std)
    digests = {load_batch(d, size=10, seed=3, augment=True).digest() for d in (data, wanted, EQUAL[kind]())}
    assert len(digests) == 1


def test_items_are_read_when_they_are_asked_for():
    items = Items(as_floats, targets=LABELS.tolist())
    data = open_dataset(items)
    assert items.made == []
    data.read([7, 3])
    assert items.made == [7, 3]


def test_targets_that_the_items_change_are_not_believed():
    items = Items(as_floats, targets=[0] * 20)
    items.target_transform = lambda label: label
    assert open_dataset(items).labels.tolist() == LABELS.tolist()


def test_grey_images_keep_their_channel():
    data = open_dataset((PIXELS[:, :1], LABELS))
    assert data.size == (1, 4, 4)
    assert len(data.mean) == 1
    assert load_batch(data, size=5).images.shape == (5, 1, 4, 4)


def test_a_batch_is_used_as_it_stands(digits):
    assert load_batch(digits) is digits
    assert load_batch(digits, size=8, seed=9) is digits
    for wrong in ({"size": 4}, {"augment": True}):
        with pytest.raises(CrozeError, match="used as it stands, here with 8 images"):
            load_batch(digits, **wrong)


def test_a_batch_is_a_data_set_as_well(digits):
    data = open_dataset(digits)
    assert (len(data), data.classes, data.mean, data.std) == (8, 10, digits.mean, digits.std)
    torch.testing.assert_close(torch.from_numpy(data.read(range(8))) / 255, digits.images)


def test_eight_images_where_nobody_says_how_many():
    assert len(load_batch("digits")) == 8


def test_the_identity_of_values_is_the_same_in_another_process():
    code = (
        "import torch, croze\n"
        "x = torch.linspace(0, 1, 20 * 3 * 4 * 4).view(20, 3, 4, 4)\n"
        "print(croze.load_batch((x, torch.arange(20) % 5), size=10, seed=1).digest())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    x = torch.linspace(0, 1, 20 * 3 * 4 * 4).view(20, 3, 4, 4)
    here = croze.load_batch((x, torch.arange(20) % 5), size=10, seed=1)
    assert done.stdout.strip() == here.digest()
    assert here.source == "20 images given as tensors"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (PIXELS, "Images alone are no data: give a pair"),
        ((PIXELS, LABELS[:3]), "20 images and 3 labels"),
        ((PIXELS, LABELS.float()), "must be whole numbers, got an array of float32"),
        ((PIXELS.long(), LABELS), r"uint8 or floats of shape \(N, C, H, W\): .* has torch.int64"),
        ((PIXELS[0], LABELS), r"of shape \(3, 4, 4\)"),
        ((PIXELS.float(), LABELS), "lie in .* got values from 0 to 255"),
        ((PIXELS.float() / 255 - 0.5, LABELS), "from -0.5 to 0.5: .*leave out the normalisation"),
        ((PIXELS.float() * torch.nan, LABELS), "lie in"),
        (Items(lambda k: "x"), r"Item 0 of Items of 20 images must be a PIL image or a tensor .*: got a str"),
        (Items(lambda k: PIXELS[k][:, : 3 + k % 2]), "differ in size: resize them"),
        (Items(lambda k: 1 / 0), "Cannot read item 0 of Items of 20 images .ZeroDivisionError"),
        ([1, 2, 3], r"Item 0 of list of 3 images must be a pair \(image, label\): got a int"),
        (3, "Data is a spec such as .*; got a int"),
        (torch.utils.data.DataLoader([1]), "got a DataLoader"),
    ],
)
def test_what_is_no_data_is_said_in_a_sentence(data, sentence):
    with pytest.raises(CrozeError, match=sentence):
        open_dataset(data).read(range(2))


def test_splits_leave_values_alone():
    pair = (PIXELS, LABELS)
    assert in_split(pair) is pair
    assert same_images(pair, pair)
    assert not same_images(pair, "digits")
