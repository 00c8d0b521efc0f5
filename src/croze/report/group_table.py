"""Table 6 beside the paper's printed figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from croze.analyses.top_and_bottom import Group

PRINTED: Mapping[str, Mapping[str, Mapping[str, float]]] = {
    "standard": {
        "top": {"clean": 89.62, "cc": 77.68, "pgd": 26.09, "fgsm": 61.08, "avg_robust": 54.95},
        "bottom": {"clean": 61.34, "cc": 49.13, "pgd": 19.35, "fgsm": 17.01, "avg_robust": 28.50},
    },
    "adversarial": {
        "top": {"clean": 84.36, "pgd": 40.55, "hrs_pgd": 54.76, "fgsm": 66.48, "hrs_fgsm": 74.34},
        "bottom": {"clean": 51.64, "pgd": 22.59, "hrs_pgd": 31.36, "fgsm": 37.20, "hrs_fgsm": 43.04},
    },
}
"""In percent: 300 cells of NAS-Bench-201 on CIFAR-10; the paper does not state epsilon."""


def group_table(groups: Sequence[Group], training: str, *, printed: bool) -> Table:
    """One half of Table 6: a row a group and proxy, the paper's last; what is not known is empty.

    Args:
        training: standard or adversarial.
        printed: whether the paper's figures are of the same benchmark and stand beside ours.
    """
    columns = tuple(PRINTED[training]["top"])
    among, left_out = groups[0].among, groups[0].left_out
    table = Table(
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
    for name, figures in PRINTED[training].items() if printed else ():
        table.add_row("paper's CRoZe", name, *(f"{figures[column]:.2f}" for column in columns))
    return table
