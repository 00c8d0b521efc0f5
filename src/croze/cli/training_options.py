"""Options of the verbs that train: the network, the recipe, the images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from croze.cli.options import pairs_of
from croze.errors import CrozeError

if TYPE_CHECKING:
    from croze.training import NetworkSpec, Recipe

Model = Annotated[str | None, typer.Option(metavar="FILE.py:FUNCTION", help="A network of yours.")]
Arch = Annotated[
    str | None,
    typer.Option(help="An architecture of --space in its own notation, or a name of `croze list genotypes`."),
]
SearchFolder = Annotated[
    str | None, typer.Option("--run", metavar="DIR", help="The winner of a search, from its folder.")
]
SpaceOfArch = Annotated[
    str | None,
    typer.Option(
        "--space",
        help="Search space of --arch; `croze list spaces` names them, FILE.py:CLASS is one of yours.",
        show_default="nasbench201, or that of a named genotype",
    ),
]
NormalisesInput = Annotated[
    bool,
    typer.Option("--normalises-input", help="The model takes pixels in [0, 1] and normalises them itself."),
]
RecipeName = Annotated[str, typer.Option(help="standard, pgd, trades or fast (FGSM from a random start).")]
Epochs = Annotated[int | None, typer.Option(min=1, help="Passes over the images.", show_default="200")]
TrainingBatch = Annotated[
    int | None, typer.Option("--batch-size", min=2, help="Images a step.", show_default="64")
]
LearningRate = Annotated[float | None, typer.Option(help="Initial learning rate.", show_default="0.1")]
TrainingEpsilon = Annotated[
    str | None,
    typer.Option(help="Size of adversarial training, l-inf in pixel space.", show_default="8/255"),
]
RecipeSettings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Another setting of the recipe, such as cutout=16, steps=10, beta=3; may be repeated.",
    ),
]
TrainingImages = Annotated[
    int | None,
    typer.Option(
        "--images", min=2, help="Number of images to train on, validation included.  [default: all]"
    ),
]
TestData = Annotated[
    str | None,
    typer.Option(help="Test images, READER:PATH.", show_default="a fifth of --data is set aside"),
]
TestImages = Annotated[int, typer.Option(min=1, help="Test images, balanced over classes.")]
MixedPrecision = Annotated[
    bool, typer.Option("--mixed-precision", help="bfloat16 where it is safe; on CUDA only.")
]
Threads = Annotated[
    int, typer.Option(min=0, help="Torch threads; 0: all cores. Another number changes the last digits.")
]
ComputeOn = Annotated[str, typer.Option(help="Where to compute: cpu, cuda, cuda:1.")]
Epsilons = Annotated[
    str, typer.Option(help="Sizes in l-inf and pixel space, comma-separated: 8/255,4/255; none for none.")
]
EpsilonsL2 = Annotated[
    str, typer.Option("--epsilon-l2", help="Sizes in l2, comma-separated, such as 0.5; none for none.")
]
Attacks = Annotated[str, typer.Option(help="Comma-separated, such as fgsm,pgd(steps=50); none for none.")]
Corruptions = Annotated[
    str,
    typer.Option(
        help="Corruptions of CIFAR-C: all, none, or comma-separated noise, weather, blur, digital, fog, "
        "frost@3; without @ at all five severities."
    ),
]
Limits = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="ATTACK=N",
        help="Run an attack, or corruptions=N, on the first N images only; may be repeated.",
    ),
]


def named_network(
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


def recipe_of(name: str, settings: list[str] | None, **given: object) -> Recipe:
    """The recipe that the options name.

    Args:
        name: of the recipe.
        settings: as `--set` takes them; they win over `given`.
        given: settings that have an option of their own; None where it was not used.

    Raises:
        CrozeError: for an unknown recipe or setting, or a value that makes no sense.
    """
    from croze.training import find_recipe

    changes = {key: str(value) for key, value in given.items() if value is not None}
    return find_recipe(name, changes | pairs_of(settings or []))


def space_settings(**given: Any) -> tuple[tuple[str, Any], ...]:
    """The settings of a space that were given, as pairs in the order of their names."""
    return tuple(sorted((key, value) for key, value in given.items() if value is not None))
