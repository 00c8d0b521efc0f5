import json

import pytest

from croze.errors import CrozeError
from croze.paper.figure2 import Found, read_run

CONTENT = {
    "format": {"kind": "table3", "version": 1},
    "table": "table3",
    "dataset": "cifar10",
    "device": "cpu",
    "effort": {"candidates": 60},
    "rows": [
        {
            "name": "synflow",
            "values": {
                "hrs": {"mean": 0.25, "deviation": None, "n": 1},
                "search_seconds": {"mean": 12.5, "deviation": 1.0, "n": 3},
            },
        },
        {"name": "AdvRush", "values": {"hrs": {"mean": 0.5, "deviation": 0.1, "n": 3}}},
    ],
}


def written(folder, content):
    (folder / "table3.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def test_methods_with_a_search_of_their_own(tmp_path):
    run = read_run(written(tmp_path, CONTENT), "table3", "hrs")
    assert run.found == (Found("synflow", 12.5, 0.25, None, 1),)
    assert run.without == ("AdvRush",)
    assert (run.device, run.candidates, run.dataset) == ("cpu", 60, "cifar10")
    assert read_run(tmp_path, "table3", "avg").without == ("synflow", "AdvRush")


def test_no_run(tmp_path):
    with pytest.raises(
        CrozeError, match=r"table4\.json does not exist: name a folder of `croze reproduce table4`"
    ):
        read_run(tmp_path, "table4", "avg")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "must hold a JSON object"),
        (CONTENT | {"format": {"kind": "table4", "version": 1}}, "must be a result of a table3"),
        (CONTENT | {"format": {"kind": "table3", "version": 0}}, "is of format 0"),
        (CONTENT | {"effort": {}}, "cannot be read"),
    ],
)
def test_what_is_no_run(content, message, tmp_path):
    with pytest.raises(CrozeError, match=message):
        read_run(written(tmp_path, content), "table3", "hrs")
