"""How a network is trained: the named recipes and what can be changed about them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from croze.errors import CrozeError
from croze.perturb.base import NORMS
from croze.perturb.epsilon import parse_epsilon

METHODS = ("standard", "pgd", "trades", "fast")
SCHEDULES = ("cosine", "multistep")

L2 = 128 / 255, 15 / 255
"""Epsilon and step of adversarial training in l2 where none are named (Rice et al. 2020)."""


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training but the network, the images and the seed.

    The defaults are those of the CRoZe paper, section 4.1. Sizes of perturbations are in pixel space.

    Attributes:
        method: standard; pgd (Madry et al. 2018, eq. 2.1); trades (Zhang et al. 2019, eq. 5); fast (FGSM from
            a random start, Wong et al. 2020).
        epochs: passes over the training images.
        batch_size: images a step; the last batch of an epoch is left out when it is not full.
        lr, momentum, nesterov, weight_decay: of SGD.
        schedule: of the learning rate: `cosine`, to 0 along half a cosine, step by step; or `multistep`,
            times `decay` at each of `milestones`, shares of the training.
        milestones, decay: see `schedule`.
        warmup: epochs in which the learning rate rises linearly from 0 before that.
        ema: decay per step of an average of the weights, which is validated and kept in place of the last
            ones; 0 for none.
        clip: largest norm of the gradient, 0 for no limit.
        augment: pad, crop and flip at random.
        cutout: side of the square that is blanked out in each image, in pixels; 0 for none.
        label_smoothing: share of the target that is spread over all classes.
        auxiliary: weight of the auxiliary head's loss, for networks that have one; 0 builds none.
        drop_path: probability of leaving out an operation at the end of training, rising linearly from 0; for
            networks of cells stacked as in DARTS.
        norm: of the perturbation that adversarial training defends against, `linf` or `l2`.
        epsilon, step, steps: of this perturbation.
        awp: size of adversarial weight perturbation relative to the weights of a layer (Wu et al. 2020), such
            as .005; 0 for none.
        beta: of TRADES, the weight of the robust term.
        validation: share of the training images that is set aside for choosing the epoch to keep.
        validation_steps, validation_images: of the PGD under which an adversarial training is validated.

    Raises:
        CrozeError: for a value that makes no sense.
    """

    method: str = "standard"
    epochs: int = 200
    batch_size: int = 64
    lr: float = 0.1
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 1e-4
    schedule: str = "cosine"
    milestones: tuple[float, ...] = (0.5, 0.75)
    decay: float = 0.1
    warmup: int = 0
    clip: float = 5.0
    augment: bool = True
    cutout: int = 0
    label_smoothing: float = 0.0
    ema: float = 0.0
    auxiliary: float = 0.4
    drop_path: float = 0.2
    norm: str = "linf"
    epsilon: float = 8 / 255
    step: float = 2 / 255
    steps: int = 7
    beta: float = 6.0
    awp: float = 0.0
    validation: float = 0.1
    validation_steps: int = 10
    validation_images: int = 1000

    def __post_init__(self) -> None:
        for name, known in (("method", METHODS), ("norm", NORMS), ("schedule", SCHEDULES)):
            if getattr(self, name) not in known:
                raise CrozeError(f"The recipe's {name} is {' or '.join(known)}, got {getattr(self, name)!r}.")
        object.__setattr__(self, "milestones", tuple(self.milestones))  # JSON has a list
        if not all(0 < share < 1 for share in self.milestones):
            raise CrozeError(
                f"The recipe's milestones are shares of the training between 0 and 1, got {self.milestones}."
            )
        if self.awp and not self.adversarial:
            raise CrozeError("Adversarial weight perturbation belongs to adversarial recipes: leave awp out.")
        if self.norm == "linf" and self.epsilon > 1:
            raise CrozeError(f"The recipe's epsilon must be at most 1 in l-inf, got {self.epsilon:g}.")
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                allowed = f"{low:g} to {high:g}" if high < math.inf else f"at least {low:g}"
                raise CrozeError(f"The recipe's {name} must be {allowed}, got {value:g}.")
        if self.warmup >= self.epochs:
            raise CrozeError(
                f"A warm-up of {self.warmup} epochs leaves nothing of {self.epochs}: give fewer of it."
            )

    @property
    def adversarial(self) -> bool:
        """Whether it trains on perturbed images."""
        return self.method != "standard"

    def in_use(self, *, stacked: bool) -> dict[str, Any]:
        """The settings that play a part, of a network of cells stacked as in DARTS or any other."""
        idle = {
            name
            for name in ("warmup", "clip", "cutout", "label_smoothing", "ema", "awp")
            if not getattr(self, name)
        }
        if not stacked:
            idle |= {"auxiliary", "drop_path"}
        if self.schedule == "cosine":
            idle |= {"milestones", "decay"}
        if not self.adversarial:
            idle |= {"norm", "epsilon", "step", "steps", "validation_steps", "validation_images"}
        if self.method == "fast":
            idle.add("steps")
        if self.method != "trades":
            idle.add("beta")
        return {name: value for name, value in self.to_json().items() if name not in idle}

    def to_json(self) -> dict[str, Any]:
        """Every field."""
        return {**dataclasses.asdict(self), "milestones": list(self.milestones)}


_RANGES = (
    ("epochs", 1, math.inf),
    ("batch_size", 2, math.inf),
    ("lr", 1e-12, math.inf),
    ("momentum", 0, 1 - 1e-9),
    ("weight_decay", 0, math.inf),
    ("warmup", 0, math.inf),
    ("clip", 0, math.inf),
    ("cutout", 0, math.inf),
    ("label_smoothing", 0, 1),
    ("auxiliary", 0, math.inf),
    ("drop_path", 0, 1 - 1e-9),
    ("epsilon", 1e-6, 100),
    ("step", 1e-6, 100),
    ("decay", 0, 1),
    ("ema", 0, 1 - 1e-9),
    ("awp", 0, 1),
    ("steps", 1, math.inf),
    ("beta", 0, math.inf),
    ("validation", 1e-6, 0.9),
    ("validation_steps", 1, math.inf),
    ("validation_images", 1, math.inf),
)

RECIPES: Mapping[str, Recipe] = {
    "standard": Recipe(),
    "pgd": Recipe(method="pgd"),
    "trades": Recipe(method="trades", steps=10),
    # one step of 1.25 epsilon: Wong et al. (2020), section 4.1
    "fast": Recipe(method="fast", step=10 / 255, steps=1),
}
"""The recipes by name."""


def find_recipe(recipe: str | Recipe, changes: Mapping[str, Any] | None = None) -> Recipe:
    """A recipe with some of its settings replaced.

    Args:
        recipe: a name out of `RECIPES`, or a recipe.
        changes: settings as values or texts; sizes of perturbations may be fractions such as `8/255`. Where
            epsilon changes and step does not, step changes in proportion; l2 brings sizes of its own.

    Raises:
        CrozeError: for an unknown recipe or setting, or a value that does not fit.
    """
    if isinstance(recipe, str):
        if recipe not in RECIPES:
            raise CrozeError(f"Unknown recipe {recipe!r}; the known ones are {', '.join(RECIPES)}.")
        recipe = RECIPES[recipe]
    types = get_type_hints(Recipe)
    values: dict[str, Any] = {}
    for key, value in (changes or {}).items():
        if key not in types or key == "method":
            known = ", ".join(k for k in types if k != "method")
            raise CrozeError(f"A recipe has no setting {key!r}; it has {known}.")
        values[key] = _read(key, value, types[key])
    if values.get("norm", recipe.norm) == "l2" != recipe.norm:
        recipe = dataclasses.replace(recipe, norm="l2", epsilon=L2[0], step=L2[1])
    changed = dataclasses.replace(recipe, **values)
    if "epsilon" in values and "step" not in values and recipe.adversarial:
        # the step belongs to the size of the ball
        changed = dataclasses.replace(changed, step=recipe.step * changed.epsilon / recipe.epsilon)
    return changed


def _read(key: str, value: Any, kind: Any) -> Any:
    text = str(value)
    if key in ("norm", "schedule"):
        return text
    if key == "milestones":
        try:
            return tuple(map(float, text.split(",") if isinstance(value, str) else value))
        except (TypeError, ValueError):
            raise CrozeError(f"The recipe's milestones are numbers such as 0.5,0.75, got {text!r}.") from None
    if key in ("epsilon", "step"):
        return parse_epsilon(text) if isinstance(value, str) else float(value)
    if kind is bool:
        if text.lower() in ("true", "yes", "1", "false", "no", "0"):
            return text.lower() in ("true", "yes", "1")
        raise CrozeError(f"The recipe's {key} is yes or no, got {text!r}.")
    try:
        return kind(text)
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        raise CrozeError(f"The recipe's {key} must be {wanted}, got {text!r}.") from None
