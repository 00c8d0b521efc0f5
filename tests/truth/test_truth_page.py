"""The examples of docs/truth.md are what the readers read, and the page names all of them."""

import re
from pathlib import Path

import pytest

from croze.truth import BENCHMARKS, open_truth

PAGE = (Path(__file__).parents[2] / "docs" / "truth.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```(csv|json) (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("kind", "name", "text"), EXAMPLES, ids=[name for _, name, _ in EXAMPLES])
def test_an_example_is_read(tmp_path, kind, name, text):
    file = tmp_path / f"example.{kind}"
    file.write_text(text)
    truth = open_truth(f"{name}:{file}", "cifar10")
    assert len(truth) == {"csv": 2, "json": 1}[kind]


def test_there_are_examples_and_every_reader_has_its_line():
    assert len(EXAMPLES) == 4
    assert set(re.findall(r"^\| `([a-z0-9-]+)` \|", PAGE, re.MULTILINE)) == set(BENCHMARKS)
