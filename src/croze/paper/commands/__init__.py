"""`croze reproduce`: figures and tables of the paper, measured anew; a file for each."""

from __future__ import annotations

from croze.cli.verbs import Verbs, group

PARTS: Verbs = {
    "what": ("croze.paper.commands.what:what", "Which data each needs, what is not there."),
    "figure2": ("croze.paper.commands.figure2:figure2", "Robustness against the cost of the search."),
    "figure3": (
        "croze.paper.commands.simulate:simulate",
        "Search strategies replayed; also `croze simulate`.",
    ),
    "figure4": ("croze.paper.commands.figure4:figure4", "How much features of trained networks move."),
    "figure5": (
        "croze.paper.commands.figure5:figure5",
        "What scores of untrained networks say of trained ones.",
    ),
    "figure6": (
        "croze.paper.commands.table6:table6",
        "Features of the best and worst by proxy; with Table 6.",
    ),
    "table1": ("croze.paper.commands.table1:table1", "How proxies rank adversarially trained cells."),
    "table2": ("croze.paper.commands.table2:table2", "How proxies rank cells after standard training."),
    "table3": ("croze.paper.commands.table3:table3", "Search, train, evaluate: the paper's main result."),
    "table4": ("croze.paper.commands.table4:table4", "The same with adversarial training and five attacks."),
    "table5": ("croze.paper.commands.table5:table5", "Whom each set of CRoZe's components chooses."),
    "table5-darts": (
        "croze.paper.commands.table5_darts:table5_darts",
        "The same, with what is chosen trained.",
    ),
    "table6": ("croze.paper.commands.table6:table6", "How good the best and worst by proxy are."),
}

VERBS: Verbs = {
    "simulate": (
        "croze.paper.commands.simulate:simulate",
        "Replay search strategies on measured accuracies.",
    ),
    "reproduce": ("croze.paper.commands:reproduce", "Measure figures and tables of the paper anew."),
}
"""What the command line gets from here."""


def _root() -> None:
    """Measure a figure or table of the paper anew and print ours beside the paper's."""


reproduce = group(
    PARTS,
    _root,
    epilog="`croze reproduce what` says which data each needs, and what cannot be made without GPU weeks.",
)
