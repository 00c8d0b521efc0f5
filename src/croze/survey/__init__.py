"""A survey of proxies: all of them on the same cells, against all that a truth measures, as pure data."""

from croze.survey.agreement import Agreement, agree, counterparts, proxy_of
from croze.survey.criteria import (
    Entry,
    catalogue,
    criteria_of,
    every_criterion,
    is_own,
    named_criteria,
)
from croze.survey.scored import Scored, collect
from croze.survey.standing import CONTROL, Half, Standing, seldom_failing, stand
from croze.survey.survey import Survey, survey
from croze.survey.targets import Outcome, Target, outcomes
from croze.survey.timing import time_alone

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
