"""A search space of your own: vision transformers that choose depth, heads, MLP ratio and embedding.

    croze search --space examples/04_vit_space.py:ViTSpace --proxy "logrank(az-progressivity,flops)"
    python examples/04_vit_space.py --budget 50

A proxy has to suit the kind of network. The default, `croze-robust`, is not suitable for transformers:
`meco`, a third of its weight, is zero if there are fewer tokens than embedding dimensions, so these
networks tie. Of the components of `az-nas`, `az-trainability` fails on a class token; progressivity and
multiply-adds are defined on every network here and rank this search. `croze score` shows which proxies
are defined on your own network, and the reasons of those that are not.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

import croze
from croze.errors import CrozeError
from croze.spaces.choices import ChoiceSpace, Chosen


class Attention(nn.Module):
    """Every token asks all of them, in several heads (Vaswani et al. 2017, section 3.2)."""

    def __init__(self, embedding: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query_key_value = nn.Linear(embedding, 3 * embedding)
        self.out = nn.Linear(embedding, embedding)

    def forward(self, tokens: Tensor) -> Tensor:
        """`(N, tokens, embedding)` in and out."""
        n, length, embedding = tokens.shape
        split = self.query_key_value(tokens).view(n, length, 3, self.heads, embedding // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)  # each (N, heads, tokens, embedding / heads)
        asked = (query @ key.transpose(-2, -1)) * query.shape[-1] ** -0.5
        answered: Tensor = self.out(
            (asked.softmax(dim=-1) @ value).transpose(1, 2).reshape(n, length, embedding)
        )
        return answered


class Block(nn.Module):
    """Attention and two linear layers, each normalised before and added after."""

    def __init__(self, embedding: int, heads: int, ratio: int) -> None:
        super().__init__()
        self.attend = nn.Sequential(nn.LayerNorm(embedding), Attention(embedding, heads))
        self.think = nn.Sequential(
            nn.LayerNorm(embedding),
            nn.Linear(embedding, ratio * embedding),
            nn.GELU(),
            nn.Linear(ratio * embedding, embedding),
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """`(N, tokens, embedding)` in and out."""
        tokens = tokens + self.attend(tokens)
        thought: Tensor = tokens + self.think(tokens)
        return thought


class ViT(nn.Module):
    """Images `(N, 3, S, S)` to logits `(N, classes)` (Dosovitskiy et al. 2021, section 3.1).

    Args:
        classes: number of logits.
        image_size: S.
        patch: side of the square that becomes a token; divides S.
        embedding: length of a token.
        pool: `token` reads the classes from a token of their own, `mean` from the mean of all.
        blocks: of every block the heads, which divide the embedding, and the MLP ratio.
    """

    def __init__(
        self,
        classes: int,
        image_size: int,
        patch: int,
        embedding: int,
        pool: str,
        blocks: Sequence[Sequence[int]],
    ) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, embedding, patch, patch)
        self.token = nn.Parameter(0.02 * torch.randn(1, 1, embedding)) if pool == "token" else None
        length = (image_size // patch) ** 2 + (pool == "token")
        self.position = nn.Parameter(0.02 * torch.randn(1, length, embedding))
        self.blocks = nn.Sequential(*(Block(embedding, heads, ratio) for heads, ratio in blocks))
        self.norm = nn.LayerNorm(embedding)
        self.head = nn.Linear(embedding, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, classes)`."""
        tokens = self.patches(images).flatten(2).transpose(1, 2)
        if self.token is not None:
            tokens = torch.cat((self.token.expand(len(tokens), -1, -1), tokens), dim=1)
        tokens = self.norm(self.blocks(tokens + self.position))
        logits: Tensor = self.head(tokens.mean(dim=1) if self.token is None else tokens[:, 0])
        return logits


BLOCKS = (1, 2, 3, 4, 5, 6)


@dataclass(frozen=True)
class ViTSpace(ChoiceSpace):
    """Up to six blocks, each with heads and MLP ratio of its own.

    An architecture reads `embedding=48,depth=4,pool=mean,h1=2,...,r1=4,...`: heads and ratios by block. Heads
    divide the embedding, so not all options go together: `allowed` says which do.
    """

    image_size: int = 32
    patch: int = 8

    name = "vit"
    network = ViT

    def __post_init__(self) -> None:
        if self.patch < 1 or self.image_size < 1 or self.image_size % self.patch:
            raise CrozeError(
                f"Patches of {self.patch} do not cut up images of {self.image_size}: name a divisor."
            )

    @property
    def choices(self) -> Mapping[str, Sequence[int | str]]:
        """What holds for the whole network, then the blocks."""
        whole: dict[str, Sequence[int | str]] = {
            "embedding": (48, 64, 96, 128),
            "depth": BLOCKS,
            "pool": ("mean", "token"),
        }
        blocks = {f"h{block}": (2, 3, 4, 6, 8) for block in BLOCKS} | {
            f"r{block}": (1, 2, 4) for block in BLOCKS
        }
        return whole | blocks

    def unused(self, chosen: Chosen) -> list[str]:
        """The choices of absent blocks."""
        return [f"{letter}{block}" for block in BLOCKS for letter in "hr" if block > chosen["depth"]]

    def allowed(self, chosen: Chosen) -> bool:
        """Whether the heads of every block divide the embedding."""
        return all(chosen["embedding"] % heads == 0 for heads, _ in self._blocks(chosen))

    def arguments(self, chosen: Chosen) -> dict[str, Any]:
        """What `ViT` takes besides the classes."""
        whole = {name: chosen[name] for name in ("embedding", "pool")}
        return {"image_size": self.image_size, "patch": self.patch, **whole, "blocks": self._blocks(chosen)}

    @staticmethod
    def _blocks(chosen: Chosen) -> tuple[tuple[int, int], ...]:
        return tuple((chosen[f"h{block}"], chosen[f"r{block}"]) for block in BLOCKS[: chosen["depth"]])


PROXY = "logrank(az-progressivity,flops)"


def main() -> None:
    """Search under a limit of 400 thousand parameters; run again, it finds its scores in the store."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--patch", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", default="runs/vit")
    options = parser.parse_args()

    space = ViTSpace(patch=options.patch)
    run = croze.search(
        space,
        proxy=PROXY,
        budget=options.budget,
        max_params=400_000,
        workers=options.workers,
        out=options.out,
    )
    for found in run.ranking[:5]:
        sizes = f"{found.params:,} parameters, {found.flops:,} multiply-adds"
        print(f"{found.score:8.3f}  {sizes}\n          {found.architecture}")


if __name__ == "__main__":
    main()
