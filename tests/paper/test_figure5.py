import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from croze.errors import CrozeError
from croze.paper.figure5 import PARTS, distinct_states, parts_of_form, predictiveness
from croze.paper.forms import find_forms
from croze.paper.states import after_steps, as_trained, initialised, trained
from croze.scoring.evaluator import Evaluator
from croze.spaces.nasbench201 import NASBench201
from croze.training import find_recipe

RECIPE = find_recipe("standard")
POSITIONAL = find_forms("croze-positional")


@pytest.fixture(scope="module")
def found(evaluator, cells, training, members, tmp_path_factory):
    """Two forms, two later states."""
    folder = tmp_path_factory.mktemp("scores")
    early = initialised(evaluator, cells)
    pairs = [
        (early, after_steps(evaluator, cells, training, RECIPE, 2)),
        (as_trained(evaluator, cells), trained(evaluator, members)),
    ]
    forms = find_forms("croze-positional,croze-official(components=features+gradients)")
    return predictiveness(pairs, forms, folder, resamples=50)


def test_the_parts_of_a_form():
    (form,) = find_forms("croze-paper(beta=1)")
    parts = parts_of_form(form)
    assert [(p.name, p.images) for p in parts] == [(n, i) for i in ("perturbed", "clean") for n in PARTS]
    assert [p.proxy for p in parts if p.whole] == [form]
    features = next(p.proxy for p in parts if (p.name, p.images) == ("features", "clean"))
    assert features.spec == "croze-paper(beta=1,components=features,perturbation=none)"


def test_a_form_of_some_components_has_a_panel_of_its_own():
    positional, mixed = (
        parts_of_form(f) for f in (*POSITIONAL, *find_forms("croze-paper(components=features+gradients)"))
    )
    assert [p.name for p in positional if p.whole] == ["gradients"]
    assert [p.name for p in mixed if p.whole] == ["features+gradients"]
    assert (len(positional), len(mixed)) == (8, 10)


def test_every_correlation_against_scipy(found, cells):
    assert found.later == ("2 steps", "full training")
    assert found.n == found.chosen == len(cells)
    assert len(found.predictions) == 2 * (8 + 10)
    for prediction in found.predictions:
        x, y = found.values[prediction.later, prediction.part.proxy.spec]
        assert prediction.rho == pytest.approx(spearmanr(x, y).statistic)
        assert prediction.tau == pytest.approx(kendalltau(x, y).statistic)
        assert not prediction.low > prediction.rho
    assert len({prediction.rho for prediction in found.predictions}) > 2


def test_training_changes_the_scores(found):
    assert all(not np.array_equal(early, late) for early, late in found.values.values())


def test_the_result_as_json(found):
    content = found.to_json()
    assert content["cells"] == {"chosen": found.chosen, "n": found.n}
    assert content["failures"] == []
    first = content["predictions"][0]
    assert (first["form"], first["part"], first["images"]) == ("croze-positional", "product", "perturbed")
    assert (first["from"], first["to"]) == ("single step", "2 steps")
    assert first["spearman"] == pytest.approx(found.predictions[0].rho, abs=1e-6)


def test_no_step_predicts_itself(evaluator, cells, training, tmp_path):
    pair = (initialised(evaluator, cells), after_steps(evaluator, cells, training, RECIPE, 0))
    result = predictiveness([pair], POSITIONAL, tmp_path, resamples=20)
    for prediction in result.predictions:
        early, late = result.values["0 steps", prediction.part.proxy.spec]
        assert np.array_equal(early, late)
        assert prediction.rho == 1.0
        assert prediction.tau == pytest.approx(1.0)


def test_killed_it_goes_on_where_it_was(evaluator, cells, training, tmp_path, monkeypatch):
    cells = cells[:4]
    pair = (initialised(evaluator, cells), after_steps(evaluator, cells, training, RECIPE, 1))
    computed = []
    call = Evaluator.__call__
    monkeypatch.setattr(
        Evaluator, "__call__", lambda self, request: computed.append(request[0]) or call(self, request)
    )

    class Killed(Exception):
        pass

    def kill(state, done):
        assert state == ("single step" if done <= len(cells) else "1 step")
        if done == len(cells) + 2:
            raise Killed

    with pytest.raises(Killed):
        predictiveness([pair], POSITIONAL, tmp_path, resamples=20, watch=kill)
    assert computed == [*cells, *cells[:2]]
    told = []
    again = predictiveness(
        [pair], POSITIONAL, tmp_path, resamples=20, watch=lambda s, done: told.append(done)
    )
    assert sorted(computed) == sorted([*cells, *cells])
    assert told == list(range(1, 2 * len(cells) + 1))
    whole = predictiveness([pair], POSITIONAL, tmp_path / "anew", resamples=20)
    assert again.to_json() == whole.to_json()


def test_a_cell_that_fails_anywhere_is_ranked_nowhere(evaluator, cells, training, tmp_path, monkeypatch):
    cells = cells[:4]
    build = NASBench201.build
    bad = cells[1]

    def sometimes(self, cell, **settings):
        if str(cell) == bad and settings["flavour"] == "released":
            raise RuntimeError("not this one")
        return build(self, cell, **settings)

    monkeypatch.setattr(NASBench201, "build", sometimes)
    pair = (initialised(evaluator, cells), after_steps(evaluator, cells, training, RECIPE, 0))
    forms = find_forms("croze-positional,croze-official")
    result = predictiveness([pair], forms, tmp_path, resamples=20)
    assert (result.n, result.chosen) == (len(cells) - 1, len(cells))
    assert 1 not in result.kept
    assert result.failures == {("single step", "croze-official"): 1, ("0 steps", "croze-official"): 1}
    assert result.reasons["0 steps", "croze-official"] == "RuntimeError: not this one"
    assert all(len(early) == len(cells) - 1 for early, _ in result.values.values())
    monkeypatch.setattr(NASBench201, "build", lambda *a, **k: 1 / 0)
    with pytest.raises(CrozeError, match=r"at least 3 cells on which .* got 0 of 4: .*division by zero"):
        predictiveness([pair], forms, tmp_path / "none", resamples=20)


def test_a_state_of_two_pairs_is_scored_once(evaluator, cells, training):
    early = initialised(evaluator, cells)
    late = [after_steps(evaluator, cells, training, RECIPE, steps) for steps in (1, 2)]
    assert distinct_states([(early, late[0]), (early, late[1])]) == [early, *late]


@pytest.mark.parametrize("count", [0, 2])
def test_too_few_cells(evaluator, cells, training, tmp_path, count):
    pair = (
        initialised(evaluator, cells[:count]),
        after_steps(evaluator, cells[:count], training, RECIPE, 1),
    )
    with pytest.raises(CrozeError, match=f"at least 3 cells in every state, got 1 forms and {count} cells"):
        predictiveness([pair], POSITIONAL, tmp_path)
