"""`croze reproduce` and `croze simulate`; a verb's module is imported when the verb is called."""

from __future__ import annotations

from dataclasses import dataclass

from croze.cli.options import Json
from croze.cli.verbs import Verbs, group

MODULES = {
    "table1": "tables_1_2", "table2": "tables_1_2", "table3": "tables_3_4", "table4": "tables_3_4",
    "table5_darts": "table5",
}  # fmt: skip
"""Modules of commands that share one; the others have the name of their command."""


@dataclass(frozen=True)
class Part:
    """A table or figure of the paper: its command, what it shows and needs, what these data lack."""

    name: str
    help: str
    shows: str
    needs: str
    lacks: str

    @property
    def place(self) -> str:
        """Where its command is, which has the name of its table or figure."""
        command = "table6" if self.name == "figure6" else self.name.replace("-", "_")
        return f"croze.paper.{MODULES.get(command, command)}:{command}"


PARTS = (
    Part(
        "table1",
        "Rank correlation after adversarial training.",
        "rank correlation on 500 adversarially trained cells of NAS-Bench-201",
        "--truth nas-robbench201:FILE?ids=META: clean, FGSM, PGD, their HRS, AutoAttack",
        "CW, DeepFool, SPSA, LGV and the average over all: the paper's networks are not published, and "
        "training hundreds of cells adversarially takes GPU weeks (croze pool train --recipe pgd "
        "--attacks fgsm,pgd,cw,deepfool,spsa,lgv,autoattack, then --truth pool:DIR)",
    ),
    Part(
        "table2",
        "Rank correlation after standard training.",
        "rank correlation on the 15,625 cells after standard training",
        "--truth robust-nb201:DIR, one --dataset at a time: every column",
        "nothing, if DIR has the folder of the data set; half of NASWOT's row is missing in print",
    ),
    Part(
        "table3",
        "Search, training and evaluation: the main result.",
        "searches on DARTS, standard-trained: clean, corruptions, FGSM, HRS",
        "CIFAR-10 or CIFAR-100 images; at any size",
        "the paper's size: 3 searches of 5,000 candidates, each genotype of 20 layers trained --epochs "
        "200: GPU days per row; one-shot searches are not implemented, their published genotypes are "
        "trained",
    ),
    Part(
        "table4",
        "The same with adversarial training and five attacks.",
        "the same, adversarially trained, under five attacks",
        "as table3",
        "the paper's size, with --epochs 200: GPU weeks, as PGD multiplies the cost of each step",
    ),
    Part(
        "table5",
        "The cell that each set of components selects.",
        "the NAS-Bench-201 cell that each set of CRoZe's components selects",
        "--truth robust-nb201:DIR: all of it",
        "nothing",
    ),
    Part(
        "table5-darts",
        "The same on DARTS; selected genotypes are trained.",
        "the same on DARTS; selected genotypes are trained",
        "images; at any size",
        "the paper's size: 5,000 candidates, 20 layers, --epochs 200: GPU days",
    ),
    Part(
        "table6",
        "Accuracies of the best and worst cells by proxy.",
        "the five best and worst cells by proxy, trained both ways",
        "--standard robust-nb201:DIR and --adversarial nas-robbench201:FILE?ids=META, without training",
        "nothing; figure6 needs trained networks",
    ),
    Part(
        "figure2",
        "Robustness against the cost of the search.",
        "HRS and accuracy under attacks against the cost of the search, from Tables 3 and 4",
        "the printed points alone; --table3 and --table4 add what those commands found",
        "our points at the paper's size, as for those tables",
    ),
    Part(
        "figure3",
        "Simulated search strategies; also `croze simulate`.",
        "the best accuracy of a search against the number of models it trained",
        "--truth robust-nb201:DIR: all six strategies; also as croze simulate",
        "nothing",
    ),
    Part(
        "figure4",
        "Variance of the features of trained networks.",
        "variance of features over 18 inputs",
        "one or two pools of croze pool train, of any size",
        "the paper's size: 300 cells trained both ways, --epochs 200: GPU weeks",
    ),
    Part(
        "figure5",
        "Scores before and after training.",
        "scores at initialisation against scores after training",
        "images: the state after ten steps; with --pool after full training",
        "full training at the paper's size: 300 cells, --epochs 200: GPU weeks",
    ),
    Part(
        "figure6",
        "Features of the best and worst by proxy; with Table 6.",
        "feature consistency of the cells of Table 6; also as croze reproduce table6 --plot",
        "--standard pool:DIR, and --adversarial pool:DIR, of croze pool train, of any size",
        "the paper's size: 300 cells trained both ways, --epochs 200: GPU weeks",
    ),
)
"""In the order of the paper, tables first."""


def what(json: Json = None) -> None:
    """List the data that each table and figure of the paper needs, and what requires GPU weeks."""
    from croze.cli.output import console, emit_json
    from croze.reporting.table import Table

    rows = tuple((part.name, part.shows, part.needs, part.lacks) for part in PARTS)
    head = ("name", "shows", "made with", "not made with it")
    sheet = Table("Tables and figures of the paper", "", head, rows, prose=True)
    console(json).print(sheet)
    emit_json(json, [dict(zip(("name", "shows", "needs", "lacks"), row, strict=True)) for row in rows])


def _root() -> None:
    """Reproduce a table or figure of the paper, beside the printed values."""


reproduce = group(
    {
        "what": ("croze.paper.commands:what", "Data that each one needs, and what is missing."),
        **{part.name: (part.place, part.help) for part in sorted(PARTS, key=lambda part: part.name)},
    },
    _root,
    epilog="`croze reproduce what` lists the data that each one needs, and what requires GPU weeks.",
)

VERBS: Verbs = {
    "simulate": ("croze.paper.figure3:figure3", "Simulate search strategies on measured accuracies."),
    "reproduce": ("croze.paper.commands:reproduce", "Reproduce tables and figures of the paper."),
}
"""What the command line gets from here."""
