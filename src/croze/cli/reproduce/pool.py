"""The trained cells of a pool: a folder with `cells/<number>/`, each the folder of a training."""

from __future__ import annotations

from pathlib import Path


def trained_cells(pool: Path) -> list[tuple[str, Path]]:
    """Each architecture and the folder of its training, in the order of their numbers.

    Raises:
        CrozeError: when there is none, or one that is no training of an architecture.
    """
    from croze.errors import CrozeError
    from croze.subject import OfSpace, subject_from_json
    from croze.training.folder import DESCRIPTION, read_description

    folders = sorted(
        (file.parent for file in pool.glob(f"cells/*/{DESCRIPTION}")), key=lambda f: (len(f.name), f.name)
    )
    if not folders:
        raise CrozeError(f"{pool} holds no trained cells: expected folders cells/NUMBER of `croze train`.")
    found = []
    for folder in folders:
        subject = subject_from_json(read_description(folder).subject)
        if not isinstance(subject, OfSpace):
            raise CrozeError(f"{folder} is a training of {subject.title}, expected one of an architecture.")
        found.append((subject.architecture, folder))
    return found
