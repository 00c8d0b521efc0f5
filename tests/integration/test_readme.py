"""The Python of the README runs as it stands there, at example size."""

import re
from pathlib import Path

from torch import nn

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SMALLER = (
    ('"nasbench201"', 'croze.open_space("nasbench201", channels=4, cells=1)'),
    ("budget=300", "budget=3"),
    ("epochs=20", "epochs=1, images=60"),
    ("steps=50", "steps=2"),
    ("epsilon=8 / 255", "epsilon=8 / 255, corruptions=None, images=20"),
)
"""What is replaced so that it takes seconds."""


def block():
    (found,) = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    return found


def test_it_is_short():
    assert sum(bool(line.strip()) for line in block().splitlines()) <= 25


def test_it_runs(tmp_path, monkeypatch, capsys):
    code = block()
    for usual, small in SMALLER:
        assert usual in code
        code = code.replace(usual, small)
    monkeypatch.chdir(tmp_path)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10),
    )  # fmt: skip
    names = {"network": network}
    exec(compile(code, "README.md", "exec"), names)
    assert names["again"].best == names["run"].best
    assert len(names["candidates"]) == 3
    assert names["page"] == Path("runs/all.html")
    page = names["page"].read_text(encoding="utf-8")
    assert all(f'data-chart="{chart}"' in page for chart in ("search-progress", "evaluation-attacks"))
    printed = capsys.readouterr().out
    assert names["run"].best.architecture in printed
    assert "pgd" in printed
