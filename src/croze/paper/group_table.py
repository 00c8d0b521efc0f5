"""Table 6 beside the paper's printed figures."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table as RichTable

from croze.paper.printed import printed as printed_table
from croze.paper.top_and_bottom import Group


def group_table(groups: Sequence[Group], training: str, *, printed: bool) -> RichTable:
    """One half of Table 6: a row a group and proxy, the paper's last; what is not known is empty.

    Args:
        training: standard or adversarial.
        printed: whether the paper's figures are of the same benchmark and stand beside ours.
    """
    paper = printed_table(f"table6/{training}")
    columns = paper.columns
    among, left_out = groups[0].among, groups[0].left_out
    table = RichTable(
        title=f"Table 6, {training} training: {len(groups[0].architectures)} best and worst of {among} cells "
        f"({left_out} of too little robust accuracy left out), %",
        title_justify="left",
    )
    table.add_column("proxy", no_wrap=True)
    table.add_column("group", no_wrap=True)
    for name in columns:
        table.add_column(name.replace("_", " "), justify="right", no_wrap=True)
    for group in groups:
        found = group.standard if training == "standard" else group.adversarial
        table.add_row(
            group.proxy,
            group.name,
            *(f"{100 * found[name]:.2f}" if name in found else "" for name in columns),
        )
    for name, figures in paper.rows.items() if printed else ():
        table.add_row("paper's CRoZe", name, *(f"{figures[column]:.2f}" for column in columns))
    return table
