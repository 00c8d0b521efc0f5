"""What of the paper can be measured anew, with which data, and what takes GPU weeks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A table or figure.

    Attributes:
        name: of the command, `croze reproduce NAME`.
        shows: what is in it.
        needs: the data with which it is made.
        lacks: what of the print does not come out of that, and what it would take.
    """

    name: str
    shows: str
    needs: str
    lacks: str


PARTS = (
    Part(
        "table1",
        "how proxies rank 500 adversarially trained cells of NAS-Bench-201",
        "--truth nas-robbench201:FILE?ids=META: clean, FGSM, PGD, their HRS, AutoAttack",
        "CW, DeepFool, SPSA, LGV and the average over all: the paper's networks are not published, and "
        "training hundreds of cells adversarially takes GPU weeks (croze pool train --recipe pgd "
        "--attacks fgsm,pgd,cw,deepfool,spsa,lgv,autoattack, then --truth pool:DIR)",
    ),
    Part(
        "table2",
        "how proxies rank the 15,625 standard-trained cells",
        "--truth robust-nb201:DIR, a --dataset at a time: every column",
        "nothing, where DIR has the folder of the data set; the print has lost half of NASWOT's row",
    ),
    Part(
        "table3",
        "searches on DARTS, standard-trained: clean, corruptions, FGSM, HRS",
        "CIFAR-10 or CIFAR-100 images; made at whatever size is asked for",
        "the paper's size: 3 searches of 5,000 candidates, each cell of 20 layers trained --epochs 200: GPU "
        "days a row; one-shot searches are not made again, their published cells are trained",
    ),
    Part(
        "table4",
        "the same, adversarially trained, under five attacks",
        "as table3",
        "the paper's size, with --epochs 200: GPU weeks, as PGD multiplies the cost of each step",
    ),
    Part(
        "table5",
        "whom each set of CRoZe's components chooses on NAS-Bench-201",
        "--truth robust-nb201:DIR: all of it",
        "nothing",
    ),
    Part(
        "table5-darts",
        "the same on DARTS, what is chosen being trained",
        "images; made at whatever size is asked for",
        "the paper's size: 5,000 candidates, 20 layers, --epochs 200: GPU days",
    ),
    Part(
        "table6",
        "the five best and worst cells by proxy, trained both ways",
        "--standard robust-nb201:DIR and --adversarial nas-robbench201:FILE?ids=META, without training",
        "nothing that a published accuracy gives; figure6 needs the networks",
    ),
    Part(
        "figure2",
        "HRS and accuracy under attacks against the cost of the search, from Tables 3 and 4",
        "the printed points alone; --table3 and --table4 add what those commands found",
        "own points at the paper's size, as theirs",
    ),
    Part(
        "figure3",
        "the best accuracy of a search against the number of models it trained",
        "--truth robust-nb201:DIR: all six strategies; also as croze simulate",
        "nothing",
    ),
    Part(
        "figure4",
        "how much features move over 18 inputs",
        "one or two pools of croze pool train, of any size",
        "the paper's size: 300 cells trained both ways, --epochs 200: GPU weeks",
    ),
    Part(
        "figure5",
        "scores of the initial state against those of trained states",
        "images: the state after ten steps; with --pool after full training",
        "full training at the paper's size: 300 cells, --epochs 200: GPU weeks",
    ),
    Part(
        "figure6",
        "how consistent the features of Table 6's cells are; also as croze reproduce table6 --plot",
        "--standard pool:DIR, and --adversarial pool:DIR, of croze pool train, of any size",
        "the paper's size: 300 cells trained both ways, --epochs 200: GPU weeks",
    ),
)
"""In the order of the paper, tables first."""
