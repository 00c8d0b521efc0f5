import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from croze.errors import CrozeError
from croze.testing.golden import main, replay

STEM = Path(__file__).parents[1] / "golden" / "croze_forms"


def test_every_case_agrees():
    replays = replay(STEM)
    assert [(r.form, r.dtype) for r in replays].count(("official", torch.float64)) == 3
    assert [(r.form, r.dtype) for r in replays].count(("paper", torch.float64)) == 3
    assert [(r.form, r.dtype) for r in replays].count(("paper", torch.float32)) == 3
    assert all(r.ok for r in replays), replays
    assert max(r.error for r in replays if r.dtype == torch.float64) < 1e-9


def test_the_committed_files_are_the_reference(shared_data):
    reference = shared_data.parent / "golden" / "croze_forms"
    for ending in (".json", ".npz"):
        assert reference.with_suffix(ending).read_bytes() == STEM.with_suffix(ending).read_bytes()


def copy_to(folder: Path) -> Path:
    for ending in (".json", ".npz"):
        shutil.copy(STEM.with_suffix(ending), folder / f"copy{ending}")
    return folder / "copy"


@pytest.mark.parametrize("term", ["score", "features", "parameters", "gradients"])
@pytest.mark.parametrize("case", [0, 1])
def test_a_wrong_number_is_found(tmp_path, capsys, case, term):
    stem = copy_to(tmp_path)
    description = json.loads(stem.with_suffix(".json").read_text())
    description["cases"] = [description["cases"][case]]
    place = description["cases"][0] if term == "score" else description["cases"][0]["layers"][7]
    place[term] *= 1 + 2e-6
    stem.with_suffix(".json").write_text(json.dumps(description))
    assert main([str(stem)]) == 1
    out = capsys.readouterr().out
    assert "FAILED" in out
    assert term in out


def test_wrong_weights_are_found(tmp_path):
    stem = copy_to(tmp_path)
    arrays = dict(np.load(stem.with_suffix(".npz")))
    arrays["official_0_000_Conv2d.weight"] *= 1.5
    np.savez(stem.with_suffix(".npz"), **arrays)
    assert any(not r.ok for r in replay(stem))


def test_the_command(capsys):
    assert main([str(STEM)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(line.endswith("ok") for line in lines)
    assert main([]) == 2


def test_files_that_do_not_fit(tmp_path, capsys):
    assert main([str(tmp_path / "absent")]) == 2
    assert "absent" in capsys.readouterr().err
    stem = copy_to(tmp_path)
    description = json.loads(stem.with_suffix(".json").read_text())
    stem.with_suffix(".json").write_text(json.dumps(description | {"channels": 8}))
    with pytest.raises(CrozeError, match="shape"):
        replay(stem)
    stem.with_suffix(".json").write_text(json.dumps({"cases": [{"form": "official"}]}))
    with pytest.raises(CrozeError, match="lack 'beta'"):
        replay(stem)
    wrong = [description["cases"][0] | {"form": "other"}]
    stem.with_suffix(".json").write_text(json.dumps(description | {"cases": wrong}))
    with pytest.raises(CrozeError, match="Unknown form 'other'"):
        replay(stem)
    stem.with_suffix(".npz").write_bytes(b"PK truncated")
    with pytest.raises(CrozeError, match="Cannot read"):
        replay(stem)
