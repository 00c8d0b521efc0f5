"""The options that name one network, and the network they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from croze.errors import CrozeError

if TYPE_CHECKING:
    from croze.training.network import NetworkSpec

Model = Annotated[str | None, typer.Option(metavar="FILE.py:FUNCTION", help="A network of yours.")]
Arch = Annotated[
    str | None,
    typer.Option(help="An architecture of --space in its own notation, or a name of `croze list genotypes`."),
]
Run = Annotated[str | None, typer.Option(metavar="DIR", help="The winner of a search, from its folder.")]
SpaceOfArch = Annotated[
    str | None,
    typer.Option(
        "--space",
        help="Search space of --arch; `croze list spaces` names them, FILE.py:CLASS is one of yours.  "
        "[default: nasbench201, or that of a named genotype]",
    ),
]
NormalisesInput = Annotated[
    bool,
    typer.Option("--normalises-input", help="The model takes pixels in [0, 1] and normalises them itself."),
]


def named_subject(
    model: str | None,
    arch: str | None,
    run: str | None,
    space: str | None,
    *,
    channels: int | None,
    cells: int | None,
    layers: int | None,
) -> NetworkSpec:
    """The network that the options name.

    Raises:
        CrozeError: unless exactly one of --model, --arch and --run is given; and when it cannot be found.
    """
    from croze.training.network import NetworkSpec

    if sum(one is not None for one in (model, arch, run)) != 1:
        raise CrozeError(
            "Name one network: a winner (--run DIR), an architecture (--arch), or yours (--model "
            "FILE.py:FUNCTION)."
        )
    settings = {"channels": channels, "cells": cells, "layers": layers}
    if model is not None:
        if space is not None or any(value is not None for value in settings.values()):
            raise CrozeError(
                "--space, --channels, --cells and --layers belong to --arch and --run, not --model."
            )
        return NetworkSpec.from_file(model)
    if run is not None:
        return NetworkSpec.from_run(run, space, **settings)
    return NetworkSpec.from_space(arch or "", space, **settings)
