import pytest

from croze.data.splits import in_split, same_images


@pytest.mark.parametrize(
    ("text", "split", "expected"),
    [
        ("cifar10:x", None, "cifar10:x?split=test"),
        ("cifar10:x?split=train", None, "cifar10:x?split=train"),
        ("parquet:x", None, "parquet:x"),
        ("parquet:x?image=a", "test", "parquet:x?image=a&split=test"),
        ("digits", None, "digits"),
    ],
)
def test_the_test_images_of_a_data_set(text, split, expected):
    assert in_split(text, split) == expected


def test_the_same_images(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert same_images("digits", "digits")
    assert same_images("npz:a.npz", f"npz:{tmp_path / 'a.npz'}")
    assert same_images("cifar10:x", "cifar10:./x?split=train")
    assert not same_images("cifar10:x?split=test", "cifar10:x")
    assert not same_images("npz:a.npz", "npz:b.npz")
    assert not same_images("npz:a", "parquet:a")
