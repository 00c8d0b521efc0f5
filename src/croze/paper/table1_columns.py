"""The columns of the paper's Table 1: accuracies after adversarial training, under seven attacks.

The paper trained 500 cells of its own. NAS-RobBench-201 has clean accuracy, FGSM, PGD and AutoAttack, and
nothing for the other attacks; a pool has what it was attacked with. The size of the attacks is not printed:
the networks were trained against 8/255.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from croze.errors import CrozeError
from croze.paper.layout import Layout
from croze.paper.printed import printed
from croze.ranking.table import Column, ColumnSet
from croze.robustness.metrics import harmonic_robustness
from croze.truth.nasbench201 import SPACE
from croze.truth.truth import Truth

NAME = "table1"

DATASET = "cifar10"
"""What the paper's table is of."""

ATTACKS = ("fgsm", "pgd", "cw", "deepfool", "spsa", "lgv", "autoattack")

HARMONIC = {"hrs_fgsm": "fgsm", "hrs_pgd": "pgd"}
"""Columns that hold the HRS, the harmonic mean of a cell's clean accuracy and that under an attack."""


def table1(truth: Truth, epsilon: str = "8") -> tuple[Truth, Layout]:
    """The columns of Table 1 that a truth can fill, and the truth with the HRS of every cell.

    Args:
        truth: accuracies after adversarial training.
        epsilon: size of the attacks in 1/255, as in the names of the truth's columns. AutoAttack has one size
            in NAS-RobBench-201, 8/255, which takes its place whatever the size of the others.

    Raises:
        CrozeError: a truth of standard training, or one without a column of the table.
    """
    if truth.training == "standard":
        raise CrozeError(
            f"Table 1 is of adversarial training, {truth.name} of standard training: name "
            "nas-robbench201:FILE or a pool, or take `croze reproduce table2`."
        )
    raw = {"clean": "clean"}
    for attack in ATTACKS:
        sized = f"{attack}@{epsilon}"
        raw[attack] = attack if sized not in truth.columns and attack in truth.columns else sized
    columns = dict(truth.columns)
    for name, attack in HARMONIC.items():
        raw[name] = f"{name}@{epsilon}"
        if "clean" in columns and raw[attack] in columns:
            pairs = zip(columns["clean"].tolist(), columns[raw[attack]].tolist(), strict=True)
            columns[raw[name]] = np.array([harmonic_robustness(*pair) for pair in pairs])
    order = [name for name in printed(NAME).columns if name in raw]
    filled = tuple(Column(name, ((raw[name],),)) for name in order if raw[name] in columns)
    if not filled:
        raise CrozeError(
            f"{truth.name} fills no column of Table 1: expected clean, or an attack at {epsilon}/255 out of "
            f"{', '.join(ATTACKS)}, got {', '.join(truth.columns) or 'none'}."
        )
    empty = {}
    for name in order:
        needs = ["clean", raw[HARMONIC[name]]] if name in HARMONIC else [raw[name]]
        if raw[name] not in columns:
            lacking = " and ".join(need for need in needs if need not in columns)
            empty[name] = (
                f"{truth.name} as it was given has no {lacking}; its networks are not published with it, so "
                "hundreds of cells would have to be trained adversarially first: GPU weeks"
            )
    comparable = (truth.space, truth.dataset) == (SPACE, DATASET)
    return replace(truth, columns=columns), Layout(NAME, ColumnSet("none", filled), empty, comparable)
