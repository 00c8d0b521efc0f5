"""Search replayed on tabular truth: how many models a strategy trains until it has found a good one.

The paper's section 4.3 and Figure 3. Nothing is trained: the accuracy of a model is looked up.
"""

from croze.paper.simulation.course import BAND, QUANTILES, Course
from croze.paper.simulation.expectation import expected_models
from croze.paper.simulation.moves import TabularMoves
from croze.paper.simulation.opinions import Opinions, opinions
from croze.paper.simulation.replay import best_so_far, models_to_reach, replay
from croze.paper.simulation.simulate import STRATEGIES, Simulation, check_strategies, runs_wanted, simulate
from croze.paper.simulation.targets import Target, parse_goals, targets_of

__all__ = [
    "BAND",
    "QUANTILES",
    "STRATEGIES",
    "Course",
    "Opinions",
    "Simulation",
    "TabularMoves",
    "Target",
    "best_so_far",
    "check_strategies",
    "expected_models",
    "models_to_reach",
    "opinions",
    "parse_goals",
    "replay",
    "runs_wanted",
    "simulate",
    "targets_of",
]
