"""How to read Tables 3 and 4: what each figure is, what compares and what does not."""

from __future__ import annotations

from collections.abc import Sequence

from croze.paper.printed import PrintedTable
from croze.paper.protocol import Row
from croze.paper.protocol_sheets import OWN, not_run

_STANDARD = (
    "CC is the mean accuracy over 15 corruptions and their five severities, FGSM is of epsilon 8/255 (the "
    "paper does not state its own), HRS the harmonic mean of clean and FGSM of each network, then averaged."
)
_ADVERSARIAL = (
    "Attacks are l-inf of epsilon 8/255, PGD takes 20 steps of 2/255 unless the command says otherwise; Avg. "
    "is over the five attacks, without clean. The released code of the paper runs CW in l2, one iteration of "
    "SPSA and LGV at 4/255: if the print rests on that, these three columns are of other attacks than ours."
)


def protocol_notes(
    rows: Sequence[Row], paper: PrintedTable | None, size: str, *, adversarial: bool
) -> list[str]:
    """How to read the tables, a line each.

    Args:
        rows: ours.
        paper: the printed table; None where it is of other data.
        size: of our run, in words.
    """
    lines = [
        "Accuracies are in percent, mean and sample standard deviation over n repetitions; one repetition "
        "has no deviation. Each repetition searches, trains and evaluates with a seed of its own, so a cell "
        "that two searches find is trained once for each; within a repetition equal cells are one training.",
        _ADVERSARIAL if adversarial else _STANDARD,
        "Search seconds are summed over the scores of a search, each counting what it took by the clock in "
        "its one-threaded worker when it was computed, also where a search went on after a stop: a machine "
        "busy with other work takes longer. The paper's are of one RTX 3090, so no difference is taken. A "
        "published cell was not searched here and has none of ours.",
    ]
    if paper is not None:
        lines.append(
            f"Printed figures are of 5,000 candidates a search, 20 cells, 36 channels and 200 epochs on all "
            f"images. Ours: {size}. At another size a difference says little."
        )
        missing = not_run(rows, paper)
        if missing:
            lines.append(f"Not run, and so without figures of ours: {', '.join(missing)}.")
        if "params_M" in paper.columns:
            lines.append(
                "The printed CRoZe cell counts dead nodes: it is of the space that the released code samples "
                "(`darts-released`), 5.52M parameters of which 2.89M are live."
            )
        if paper.slips:
            lines.append(
                "Where the print disagrees with its own row, what the row gives stands in brackets, and the "
                "difference is taken to that."
            )
    own = [row.name for row in rows if row.name in OWN]
    if own:
        lines.append(
            f"{' and '.join(own)} {'is' if len(own) == 1 else 'are'} this project's own, chosen on the "
            "choose half of NAS-Bench-201's cells; no printed row belongs to them."
        )
    return lines
