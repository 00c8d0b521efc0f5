import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from croze.errors import CrozeError
from croze.spaces import open_space
from croze.spaces.genotypes import find
from croze.testing.golden import main, replay

GOLDEN = Path(__file__).parents[1] / "golden"
STEM = GOLDEN / "croze_forms"
DARTS = GOLDEN / "croze_official_darts"


def test_every_case_agrees():
    replays = replay(STEM)
    assert [(r.form, r.dtype) for r in replays].count(("official", torch.float64)) == 3
    assert [(r.form, r.dtype) for r in replays].count(("paper", torch.float64)) == 3
    assert [(r.form, r.dtype) for r in replays].count(("paper", torch.float32)) == 3
    assert all(r.ok for r in replays), replays
    assert max(r.error for r in replays if r.dtype == torch.float64) < 1e-9


def test_the_cells_of_the_darts_spaces_agree():
    replays = replay(DARTS)
    assert [(r.form, r.label) for r in replays] == [("official", "AdvRush"), ("official", "CRoZe-CIFAR10")]
    assert all(r.ok and r.error < 1e-9 for r in replays), replays


@pytest.mark.parametrize("stem", [STEM, DARTS])
def test_the_committed_files_are_the_reference(shared_data, stem):
    reference = shared_data.parent / "golden" / stem.name
    for ending in (".json", ".npz"):
        assert reference.with_suffix(ending).read_bytes() == stem.with_suffix(ending).read_bytes()


def copy_to(folder: Path, stem: Path = STEM) -> Path:
    for ending in (".json", ".npz"):
        shutil.copy(stem.with_suffix(ending), folder / f"copy{ending}")
    return folder / "copy"


def test_parameters_stand_in_the_order_of_our_networks():
    with np.load(DARTS.with_suffix(".npz")) as arrays:
        for index, name in enumerate(("AdvRush", "CRoZe-CIFAR10")):
            kept = [n for n in arrays.files if n.startswith(f"official_{index}_")]
            space, architecture = find(name)
            network = open_space(space, layers=6, channels=4).build(architecture, classes=10, seed=0)
            theirs = [(n.split("_", 3)[3], arrays[n].shape) for n in kept]
            assert theirs == [(n, tuple(p.shape)) for n, p in network.named_parameters()]


@pytest.mark.parametrize("case", [0, 1])
@pytest.mark.parametrize("term", ["score", "features", "parameters", "gradients"])
def test_a_wrong_number_of_a_darts_cell_is_found(tmp_path, case, term):
    stem = copy_to(tmp_path, DARTS)
    description = json.loads(stem.with_suffix(".json").read_text())
    description["cases"] = [description["cases"][case]]
    place = description["cases"][0] if term == "score" else description["cases"][0]["layers"][70]
    place[term] *= 1 + 2e-6
    stem.with_suffix(".json").write_text(json.dumps(description))
    (found,) = replay(stem)
    assert not found.ok
    assert found.where == ("score" if term == "score" else f"{term} of layer 70")


def test_darts_cases_that_do_not_fit(tmp_path):
    stem = copy_to(tmp_path, DARTS)
    description = json.loads(stem.with_suffix(".json").read_text())
    for change, message in (
        ({"space": "nasnet"}, "AdvRush of the space nasnet, but it is one of darts"),
        ({"genotype": "AdvRash"}, "did you mean AdvRush"),
        ({"genotype": "DrNAS-CIFAR"}, r"_ops\.1\.op\.1\.weight needs"),
    ):
        changed = [description["cases"][0] | change]
        stem.with_suffix(".json").write_text(json.dumps(description | {"cases": changed}))
        with pytest.raises(CrozeError, match=message):
            replay(stem)


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
    assert main([str(DARTS)]) == 0


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
