"""Options of the verbs that train, and the recipe they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from croze.cli.options import pairs_of

if TYPE_CHECKING:
    from croze.training import Recipe

Epochs = Annotated[int | None, typer.Option(min=1, help="Passes over the images; 200 without.")]
TrainingBatch = Annotated[int | None, typer.Option("--batch-size", min=2, help="Images a step; 64 without.")]
RecipeSettings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Anything else of the recipe, such as cutout=16, steps=10, beta=3; may be repeated.",
    ),
]
TrainingImages = Annotated[
    int | None,
    typer.Option("--images", min=2, help="Train on so many images only, validation included."),
]
TestData = Annotated[
    str | None,
    typer.Option(help="Test images, READER:PATH; without, a fifth of --data is set aside for them."),
]
TestImages = Annotated[int, typer.Option(min=1, help="So many of them, balanced over classes.")]
MixedPrecision = Annotated[
    bool, typer.Option("--mixed-precision", help="bfloat16 where it is safe; on CUDA only.")
]


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
