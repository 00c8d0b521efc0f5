"""A survey of proxies: all of them on the same cells, against all that a truth measures, as pure data."""

from croze.ranking.agreement import Agreement, agree, counterparts, proxy_of
from croze.ranking.criteria import Entry, catalogue, criteria_of, every_criterion, is_own, named_criteria
from croze.ranking.scored import Scored, collect
from croze.ranking.standing import CONTROL, Half, Standing, seldom_failing, stand
from croze.ranking.survey import Survey, survey
from croze.ranking.targets import Outcome, Target, outcomes
from croze.ranking.timing import time_alone

__all__ = [
    "CONTROL",
    "Agreement",
    "Entry",
    "Half",
    "Outcome",
    "Scored",
    "Standing",
    "Survey",
    "Target",
    "agree",
    "catalogue",
    "collect",
    "counterparts",
    "criteria_of",
    "every_criterion",
    "is_own",
    "named_criteria",
    "outcomes",
    "proxy_of",
    "seldom_failing",
    "stand",
    "survey",
    "time_alone",
]
