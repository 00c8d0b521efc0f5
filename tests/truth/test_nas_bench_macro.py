import json

import numpy as np
import pytest

from croze.errors import CrozeError
from croze.truth import open_truth

ENTRY = {"test_acc": [90.0, 91.0, 92.0], "mean_acc": 91.0, "params": 1, "flops": 2}


def test_the_published_file_is_read(shared_data):
    path = shared_data / "nas_bench_macro" / "choose.json"
    truth = open_truth(f"nas-bench-macro:{path}", "cifar10")
    raw = json.loads(path.read_text())
    assert truth.architectures == tuple(raw)
    assert np.allclose(truth.columns["clean"], [entry["mean_acc"] / 100 for entry in raw.values()])
    assert list(truth.columns) == ["clean"]
    assert len(truth.distinct) < len(truth) == 3264


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "must hold networks by their digits"),
        ({"0112021": ENTRY}, "is no trained network"),
        ({"01120212": {}}, "is no trained network"),
        ({"01120212": ENTRY | {"test_acc": ["x"]}}, "is no trained network"),
        ({"01120212": ENTRY | {"test_acc": [101.0]}}, "no accuracies in percent"),
    ],
)
def test_other_files_are_refused(tmp_path, content, message):
    (tmp_path / "file.json").write_text(json.dumps(content))
    with pytest.raises(CrozeError, match=message):
        open_truth(f"nas-bench-macro:{tmp_path / 'file.json'}", "cifar10")
