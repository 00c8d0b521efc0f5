"""The paper's whole protocol (section 4.3, Tables 3 and 4): search, train what was found, evaluate it."""

from croze.paper.protocol.extent import Extent, extent_of
from croze.paper.protocol.figures import ADVERSARIAL, STANDARD, attack_columns, figures_of
from croze.paper.protocol.rows import PublishedCell, Row, Run, published_cells, published_row, searched_row
from croze.paper.protocol.search import Effort, Searched, effort_of, search_once
from croze.paper.protocol.spread import Spread, spread

__all__ = [
    "ADVERSARIAL",
    "STANDARD",
    "Effort",
    "Extent",
    "PublishedCell",
    "Row",
    "Run",
    "Searched",
    "Spread",
    "attack_columns",
    "effort_of",
    "extent_of",
    "figures_of",
    "published_cells",
    "published_row",
    "search_once",
    "searched_row",
    "spread",
]
