"""Options of the verbs that train: the network, the recipe, the images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from croze.cli.options import pairs_of
from croze.errors import CrozeError

if TYPE_CHECKING:
    from croze.training import NetworkSpec, Recipe

Model = Annotated[str | None, typer.Option(metavar="FILE.py:FUNCTION", help="Your own network.")]
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
        help="Search space of --arch: a name of `croze list spaces`, or FILE.py:CLASS for your own.",
        show_default="nasbench201, or that of a named genotype",
    ),
]
NormalisesInput = Annotated[
    bool,
    typer.Option("--normalises-input", help="The model takes pixels in [0, 1] and normalises them itself."),
]
RecipeName = Annotated[str, typer.Option(help="standard, pgd, trades or fast (FGSM from a random start).")]
Epochs = Annotated[int | None, typer.Option(min=1, help="Number of epochs.", show_default="200")]
TrainingBatch = Annotated[
    int | None, typer.Option("--batch-size", min=2, help="Batch size.", show_default="64")
]
LearningRate = Annotated[float | None, typer.Option(help="Initial learning rate.", show_default="0.1")]
TrainingEpsilon = Annotated[
    str | None,
    typer.Option(help="Epsilon of adversarial training, l-inf in pixel space.", show_default="8/255"),
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
        "--images", min=2, help="Number of images to train on, validation included.", show_default="all"
    ),
]
TestData = Annotated[
    str | None,
    typer.Option(help="Test images, READER:PATH.", show_default="a fifth of --data is set aside"),
]
TestImages = Annotated[int, typer.Option(min=1, help="Number of test images, balanced over classes.")]
MixedPrecision = Annotated[
    bool, typer.Option("--mixed-precision", help="Use bfloat16 where it is safe; CUDA only.")
]
Threads = Annotated[int, typer.Option(min=0, help="Torch threads; 0 for all cores. Affects the last digits.")]
ComputeOn = Annotated[str, typer.Option(help="Device: cpu, cuda, cuda:1.")]
Epsilons = Annotated[
    str,
    typer.Option(
        "--epsilon",
        "--epsilons",
        help="Comma-separated epsilons in l-inf, in pixel space, such as 8/255,4/255, or none.",
    ),
]
EpsilonsL2 = Annotated[
    str, typer.Option("--epsilon-l2", help="Comma-separated epsilons in l2, such as 0.5, or none.")
]
Attacks = Annotated[str, typer.Option(help="Comma-separated, such as fgsm,pgd(steps=50), or none.")]
Corruptions = Annotated[
    str,
    typer.Option(
        help="Corruptions of CIFAR-C: all, none, or comma-separated names and groups such as "
        "noise,fog,frost@3; all five severities unless @ gives one."
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
    """The network that exactly one of --model, --arch and --run names."""
    from croze.training.network import NetworkSpec

    if sum(one is not None for one in (model, arch, run)) != 1:
        raise CrozeError(
            "Give one network: a winner (--run DIR), an architecture (--arch), or your own (--model "
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
    """The recipe that the options name; what `--set` says wins over options of their own (`given`, None if
    not used).
    """
    from croze.training import find_recipe

    changes = {key: str(value) for key, value in given.items() if value is not None}
    return find_recipe(name, changes | pairs_of(settings or []))


def space_settings(**given: Any) -> tuple[tuple[str, Any], ...]:
    """The settings of a space that were given, as pairs in the order of their names."""
    return tuple(sorted((key, value) for key, value in given.items() if value is not None))
