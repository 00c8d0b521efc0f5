"""Result files that somebody changed are read, or refused in one sentence; nothing else happens."""

import copy
import json
import random
from pathlib import Path

import pytest

from croze.errors import CrozeError
from croze.pool import Design, MemberResult, Pool, folder_of_member
from croze.runs import load_run

FOUND = Path(__file__).resolve().parent / "reporting" / "found"
FILES = [
    FOUND / "search" / "search.json",
    FOUND / "pareto" / "search.json",
    FOUND / "benchmark" / "benchmark.json",
    FOUND / "training" / "training.json",
    FOUND / "training" / "evaluation" / "evaluation.json",
]
STRANGE = (None, True, -1, 2**63, 1e308, 0.5, "", "\x00", "$x$", [], {}, [[]], {"": 0}, [None] * 3)


def places(value, depth=0):
    """Every container inside a value, with each of its keys."""
    if depth < 5 and isinstance(value, dict | list):
        keys = list(value) if isinstance(value, dict) else list(range(min(len(value), 3)))
        for key in keys:
            yield value, key
            yield from places(value[key], depth + 1)


def changed(content, rng):
    """The content with one place removed, renamed or replaced by something strange."""
    content = copy.deepcopy(content)
    container, key = rng.choice(list(places(content)))
    if rng.random() < 0.25:
        del container[key]
    elif rng.random() < 0.1 and isinstance(container, dict):
        container["strange"] = container.pop(key)
    else:
        container[key] = copy.deepcopy(rng.choice(STRANGE))
    return content


def is_read_or_refused(load):
    try:
        run, said = load(), ""
    except CrozeError as problem:
        run, said = None, str(problem)
    if run is None:
        assert "\n" not in said
        assert 0 < len(said) < 600
        return False
    run.table()
    assert repr(run)
    return True


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_one_place_of_a_result_is_another(file, tmp_path):
    content, rng = json.loads(file.read_text()), random.Random(0)
    target = tmp_path / file.name
    refused = 0
    for _ in range(60):
        target.write_text(json.dumps(changed(content, rng)))
        refused += not is_read_or_refused(lambda: load_run(target))
    assert refused > 10


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe",
        b"[" * 20_000,
        b'{"a":' * 20_000,
        b'{"format": {"kind": "search", "version": ' + b"9" * 400 + b"}}",
        b'{"format": "\\ud800"}',
        b'{"format": NaN}',
        b"null",
    ],
    ids=["empty", "no text", "deep list", "deep object", "long number", "half a pair", "NaN", "null"],
)
@pytest.mark.parametrize("name", [file.name for file in FILES if "pareto" not in str(file)] + ["pool.json"])
def test_what_is_no_result_at_all(tmp_path, name, text):
    (tmp_path / name).write_bytes(text)
    assert not is_read_or_refused(lambda: load_run(tmp_path / name))


def test_one_place_of_a_pool_is_another(tmp_path):
    design = Design("nasbench201", (), ("a", "b"), {"method": "pgd", "epochs": 3}, 0, "x", "y", 100, "digits")
    design.write(tmp_path)
    for number, name in enumerate("ab"):
        place = folder_of_member(tmp_path, number)
        place.mkdir(parents=True)
        MemberResult(name, {"clean": 0.5, "fgsm@8": 0.25}, {"clean": 10, "fgsm@8": 10}).write(place)
    rng = random.Random(0)
    for file in (tmp_path / "pool.json", folder_of_member(tmp_path, 0) / "result.json"):
        before = file.read_text()
        for _ in range(60):
            file.write_text(json.dumps(changed(json.loads(before), rng)))
            is_read_or_refused(lambda: Pool.load(tmp_path))
        file.write_text(before)
    assert is_read_or_refused(lambda: Pool.load(tmp_path))
