"""`croze reproduce`: figures and tables of the paper, measured anew; a file for each."""

from __future__ import annotations

import typer

from croze.paper.commands.figure2 import figure2
from croze.paper.commands.figure4 import figure4
from croze.paper.commands.figure5 import figure5
from croze.paper.commands.simulate import simulate
from croze.paper.commands.table3 import table3
from croze.paper.commands.table4 import table4
from croze.paper.commands.table5 import table5
from croze.paper.commands.table5_darts import table5_darts
from croze.paper.commands.table6 import table6
from croze.paper.commands.what import what
from croze.paper.table1 import table1
from croze.paper.table2 import table2

reproduce = typer.Typer(
    help="Measure a figure or table of the paper anew and print ours beside the paper's.",
    epilog="`croze reproduce what` says which data each needs, and what cannot be made without GPU weeks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
reproduce.command("what", short_help="Which data each needs, what is not there.")(what)
reproduce.command("figure2", short_help="Robustness against the cost of the search.")(figure2)
reproduce.command("figure3", short_help="Search strategies replayed; also `croze simulate`.")(simulate)
reproduce.command("figure4", short_help="How much features of trained networks move.")(figure4)
reproduce.command("figure5", short_help="What scores of untrained networks say of trained ones.")(figure5)
reproduce.command("figure6", short_help="Features of the best and worst by proxy; with Table 6.")(table6)
reproduce.command("table1", short_help="How proxies rank adversarially trained cells.")(table1)
reproduce.command("table2", short_help="How proxies rank cells after standard training.")(table2)
reproduce.command("table3", short_help="Search, train, evaluate: the paper's main result.")(table3)
reproduce.command("table4", short_help="The same with adversarial training and five attacks.")(table4)
reproduce.command("table5", short_help="Whom each set of CRoZe's components chooses.")(table5)
reproduce.command("table5-darts", short_help="The same, with what is chosen trained.")(table5_darts)
reproduce.command("table6", short_help="How good the best and worst by proxy are.")(table6)


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command("simulate", short_help="Replay search strategies on measured accuracies.")(simulate)
    app.add_typer(reproduce, name="reproduce", short_help="Measure figures and tables of the paper anew.")
