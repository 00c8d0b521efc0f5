import pickle

import pytest
import torch

from croze.data import draw, open_dataset
from croze.errors import CrozeError
from croze.paper.forms import find_forms
from croze.paper.states import after_steps, as_trained, initialised, trained
from croze.proxies import parse_proxies
from croze.scoring.evaluator import Evaluator
from croze.scoring.ledger import Ledger
from croze.scoring.score import score_all
from croze.scoring.store import Store
from croze.spaces.nasbench201 import NASBench201
from croze.training import TrainingRun, find_recipe, first_steps

FORMS = find_forms("croze-paper,croze-official,croze-positional")
SPECS = [form.spec for form in FORMS]
RECIPE = find_recipe("standard")


def values(state, folder):
    scored = state.scores(folder, FORMS)
    return [scored.values[spec].tolist() for spec in SPECS]


def directly(evaluator, networks):
    """The scores of these networks, form by form, without evaluator, ledger and store."""
    found = [[score.value for score in score_all(n, evaluator.batch, FORMS, seed=0)] for n in networks]
    return [list(column) for column in zip(*found, strict=True)]


def built(evaluator, cell, flavour="benchmark"):
    space = evaluator.space
    return space.build(space.parse(cell), classes=10, seed=0, flavour=flavour)


def test_the_single_step_state_is_what_everybody_scores(evaluator, cells, tmp_path):
    found = values(initialised(evaluator, cells), tmp_path)
    with Store(tmp_path, evaluator.context) as store, Ledger(evaluator, store) as ledger:
        assert ledger.known(cells[0], FORMS[0]).value == found[0][0]
    official = [
        score_all(built(evaluator, c, "released"), evaluator.batch, FORMS, seed=0)[1].value for c in cells
    ]
    assert found[1] == official


def test_no_step_is_the_single_step_state(evaluator, cells, training, tmp_path):
    early = values(initialised(evaluator, cells), tmp_path)
    assert values(after_steps(evaluator, cells, training, RECIPE, 0), tmp_path) == early


def test_steps_are_taken_from_the_very_weights(evaluator, cells, training, tmp_path):
    found = values(after_steps(evaluator, cells[:2], training, RECIPE, 2), tmp_path)
    expected = directly(
        evaluator, [first_steps(built(evaluator, c), training, RECIPE, 2, seed=0) for c in cells[:2]]
    )
    assert found[0] == expected[0]
    assert found[2] == expected[2]
    # this form is defined on a network of its own, which is trained in the place of the usual one
    own = [first_steps(built(evaluator, c, "released"), training, RECIPE, 2, seed=0) for c in cells[:2]]
    assert found[1] == directly(evaluator, own)[1]
    assert found != values(initialised(evaluator, cells[:2]), tmp_path)


def test_trained_weights_are_scored_as_they_are(evaluator, cells, members, tmp_path):
    found = values(trained(evaluator, members), tmp_path)
    assert found == directly(evaluator, [TrainingRun.load(folder).model().network for _, folder in members])
    early = values(as_trained(evaluator, cells), tmp_path)
    assert early == directly(evaluator, [built(evaluator, cell) for cell in cells])


def test_other_weights_in_the_folder_are_other_scores(evaluator, members, tmp_path):
    (one, folder), (other, _) = members[:2]
    assert len({*trained(evaluator, members).texts}) == len(members)
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("training.json", "best.safetensors"):
        (copy / name).write_bytes((folder / name).read_bytes())
    before = trained(evaluator, [(one, copy)]).texts
    assert before == trained(evaluator, members[:1]).texts
    (copy / "best.safetensors").write_bytes((members[1][1] / "best.safetensors").read_bytes())
    assert trained(evaluator, [(one, copy)]).texts != before
    with pytest.raises(CrozeError, match=r"holds a training of .*, not of"):
        trained(evaluator, [(other, copy)])


def test_every_state_has_scores_of_its_own(evaluator, cells, training, members):
    images = open_dataset("digits")
    states = [
        initialised(evaluator, cells),
        as_trained(evaluator, cells),
        trained(evaluator, members),
        after_steps(evaluator, cells, training, RECIPE, 0),
        after_steps(evaluator, cells, training, RECIPE, 2),
        after_steps(evaluator, cells, images, RECIPE, 2),
        after_steps(evaluator, cells, training, find_recipe("standard", {"lr": "0.2"}), 2),
    ]
    contexts = [repr(state.evaluator.context) for state in states]
    assert len(set(contexts)) == len(contexts)
    assert [state.name for state in states[2:5]] == ["full training", "0 steps", "2 steps"]


def test_they_can_be_sent_to_workers(evaluator, cells, training, members):
    params = tuple(parse_proxies("l2-norm"))
    for state in (after_steps(evaluator, cells, training, RECIPE, 1), trained(evaluator, members)):
        away = pickle.loads(pickle.dumps(state.evaluator))
        assert away.context == state.evaluator.context
        request = (state.texts[0], params)
        assert [s.value for s in away(request)] == [s.value for s in state.evaluator(request)]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"seed": 1}, "the seed 0, scores are asked for with 1"),
        ({"space": NASBench201(channels=4, cells=1)}, r"the space NASBench201\(channels=2, cells=1\)"),
        ({"batch": draw(open_dataset("digits"), size=8, seed=0)}, None),
    ],
)
def test_trainings_of_something_else_are_refused(evaluator, members, change, says):
    other = Evaluator(**{"space": evaluator.space, "batch": evaluator.batch, "seed": 0} | change)
    if says is None:
        trained(other, members)
        return
    with pytest.raises(CrozeError, match=says):
        trained(other, members)


def test_a_training_without_weights(evaluator, members, tmp_path):
    (tmp_path / "training.json").write_bytes((members[0][1] / "training.json").read_bytes())
    with pytest.raises(CrozeError, match="has finished no epoch yet"):
        trained(evaluator, [(members[0][0], tmp_path)])


def test_steps_that_cannot_be_taken(evaluator, cells, training):
    with pytest.raises(CrozeError, match="0 steps of training or more, got -1"):
        after_steps(evaluator, cells, training, RECIPE, -1)


def test_scoring_leaves_the_random_state(evaluator, cells, training, tmp_path):
    before = torch.random.get_rng_state()
    values(after_steps(evaluator, cells[:1], training, RECIPE, 1), tmp_path)
    assert torch.equal(torch.random.get_rng_state(), before)
