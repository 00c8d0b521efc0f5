"""What architectures cost where they run: objectives and limits beside the proxies."""

from croze.scoring.costs.base import Build, Cost
from croze.scoring.costs.measured import MeasuredLatency
from croze.scoring.costs.reachable import ReachableParams
from croze.scoring.costs.table import TableLatency, read_latency

__all__ = ["Build", "Cost", "MeasuredLatency", "ReachableParams", "TableLatency", "read_latency"]
