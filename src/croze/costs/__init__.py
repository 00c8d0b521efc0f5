"""What architectures cost where they run: objectives and limits beside the proxies."""

from croze.costs.base import Build, Cost
from croze.costs.measured import MeasuredLatency
from croze.costs.reachable import ReachableParams
from croze.costs.table import TableLatency, read_latency

__all__ = ["Build", "Cost", "MeasuredLatency", "ReachableParams", "TableLatency", "read_latency"]
