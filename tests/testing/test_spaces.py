"""Every check of the contract of a space can fail: a good space, and one broken in each way."""

import random
import re
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch import nn

from croze.errors import CrozeError
from croze.nn.seeding import seeded
from croze.spaces.graph import CellGraph, Edge
from croze.testing.spaces import check_space


class Net(nn.Module):
    def __init__(self, depth, width, classes):
        super().__init__()
        layers = [layer for _ in range(depth) for layer in (nn.Linear(width, width), nn.ReLU())]
        self.net = nn.Sequential(
            nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, width), *layers, nn.Linear(width, classes)
        )

    def forward(self, x):
        return self.net(x)


SOURCE = """
from torch import nn


class Net(nn.Module):
    def __init__(self, depth, width, classes):
        super().__init__()
        layers = [layer for _ in range(depth) for layer in (nn.Linear(width, width), nn.ReLU())]
        self.net = nn.Sequential(
            nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, width), *layers, nn.Linear(width, classes)
        )

    def forward(self, x):
        return self.net(x)


def build():
    return Net({depth}, {width}, {classes})
"""


@dataclass(frozen=True)
class Good:
    """Six bits, each of which is a layer where it is 1; which of them does not matter."""

    width: int = 3

    name = "bits"
    flavours = ("default", "twice")

    def parse(self, text):
        if not re.fullmatch("[01]{6}", text):
            raise CrozeError(f"An architecture of bits is six digits 0 or 1, got {text!r}.")
        return text

    def sample(self, rng):
        return "".join(rng.choice("01") for _ in range(6))

    def mutate(self, bits, rng):
        return rng.choice(Good.neighbours(self, bits))

    def neighbours(self, bits):
        return [bits[:i] + "10"[int(bits[i])] + bits[i + 1 :] for i in range(6)]

    def canonical(self, bits):
        return "".join(sorted(bits))

    def build(self, bits, *, classes, seed, flavour="default"):
        if flavour not in self.flavours:
            raise CrozeError(f"Unknown flavour {flavour!r}; bits has default, twice.")
        with seeded(seed):
            return self.made(bits.count("1") * (1 + (flavour == "twice")), classes)

    def made(self, depth, classes):
        return Net(depth, self.width, classes)

    def export(self, bits, *, classes):
        values = {"depth": str(bits.count("1")), "width": str(self.width), "classes": str(classes)}
        return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], SOURCE)


def test_a_good_space_passes():
    check_space(Good())
    check_space(Good(5), classes=3, shape=(3, 6, 2), samples=10)


BROKEN = {}


def breaks(message):
    """Registers a broken space with what the contract has to say of it."""

    def register(kind):
        BROKEN[kind.__name__] = (kind, message)
        return kind

    return register


@breaks("the name of a space is a text, not 3")
class NumberForName(Good):
    name = 3


@breaks("the space has an empty name")
class EmptyName(Good):
    name = ""


@breaks("flavours are a tuple, not 'default'")
class TextForFlavours(Good):
    flavours = "default"


@breaks("the space has no flavours")
class NoFlavours(Good):
    flavours = ()


@breaks("a flavour stands twice in")
class FlavourTwice(Good):
    flavours = ("default", "default")


@breaks("repr must name the space's settings, not an address in memory")
class AddressForRepr(Good):
    __repr__ = object.__repr__


@breaks("repr does not name the setting secret")
@dataclass(frozen=True)
class HiddenSetting(Good):
    secret: int = field(default=3, repr=False)


@breaks("samples do not follow the seed")
class SamplesOfItsOwn(Good):
    def sample(self, rng):
        return super().sample(random.SystemRandom())


@breaks("every sample is the same")
class OneSample(Good):
    def sample(self, rng):
        return "010101"


@breaks("sampling, moving and parsing moves the global random state of random")
class GlobalRandom(Good):
    def sample(self, rng):
        random.random()
        return super().sample(rng)


@breaks("sampling, moving and parsing moves the global random state of NumPy")
class GlobalNumPy(Good):
    def canonical(self, bits):
        np.random.rand()
        return super().canonical(bits)


@breaks("does not parse back")
class NotEqual(Good):
    def parse(self, text):
        return super().parse(text)[::-1]


@breaks("has another hash once parsed")
class OtherHash(Good):
    class Bits(str):
        __slots__ = ()

        def __hash__(self):
            return id(self)

        def __eq__(self, other):
            return str(self) == str(other)

    def parse(self, text):
        return self.Bits(super().parse(text))


@breaks("the canonical form of .* changes")
class RestlessCanonical(Good):
    calls = iter(range(10**9))

    def canonical(self, bits):
        return f"{next(self.calls) % 64:06b}"


@breaks("the canonical form of .* is not canonical")
class UnstableCanonical(Good):
    def canonical(self, bits):
        return bits[1:] + bits[:1]


@breaks("the canonical form of .* does not parse back")
class CanonicalOutside(Good):
    def parse(self, text):
        return "111000" if text == "000111" else super().parse(text)

    def sample(self, rng):
        drawn = super().sample(rng)
        return self.sample(rng) if drawn == "000111" else drawn


@dataclass
class Mutable:
    bits: str

    def __str__(self):
        return self.bits

    def __hash__(self):
        return hash(self.bits)


@breaks("moving from .* changes it to")
class MovesInPlace(Good):
    def parse(self, text):
        return Mutable(super().parse(text))

    def sample(self, rng):
        return Mutable(super().sample(rng))

    def canonical(self, bits):
        return Mutable(super().canonical(bits.bits))

    def mutate(self, bits, rng):
        bits.bits = super().mutate(bits.bits, rng)
        return bits


@breaks("moves do not follow the seed")
class MovesOfTheirOwn(Good):
    def mutate(self, bits, rng):
        return super().mutate(bits, random.SystemRandom())


@breaks("the child of .* is its parent")
class NoMove(Good):
    def mutate(self, bits, rng):
        return bits


@breaks("is no neighbour of")
class FarChild(Good):
    def mutate(self, bits, rng):
        return super().mutate(super().mutate(bits, random.Random(1)), random.Random(5))


@breaks("has a neighbour twice")
class NeighbourTwice(Good):
    def neighbours(self, bits):
        return super().neighbours(bits) * 2


@breaks("is its own neighbour")
class OwnNeighbour(Good):
    def neighbours(self, bits):
        return [*super().neighbours(bits), bits]


@breaks("neighbours are not mutual")
class OneWay(Good):
    def neighbours(self, bits):
        found = super().neighbours(bits)
        return found if "111" in bits else [n for n in found if "111" not in n] or found

    def mutate(self, bits, rng):
        return rng.choice(self.neighbours(bits))


@breaks(r"parse\(.*\) raises AttributeError .*, not a CrozeError")
class CrashingParse(Good):
    def parse(self, text):
        return re.fullmatch("[01]{6}", text).group()


@breaks("parse takes .*, but what it gives does not parse back")
class CarelessParse(Good):
    def parse(self, text):
        if len(text) == 5:
            return f" {text[:5]}"
        return super().parse(text.strip().zfill(6))


@breaks("an edge of 'a' of .* runs from node 1 to 0, where there are 2 nodes and edges run forward")
class BackwardGraph(Good):
    def graph(self, bits):
        return (CellGraph("a", ("in", "out"), (Edge(1, 0, "layer", "layer"),)),)


@breaks("an edge of 'a' needs operation and label")
class EdgeWithoutLabel(Good):
    def graph(self, bits):
        return (CellGraph("a", ("in", "out"), (Edge(0, 1, "layer", ""),)),)


@breaks("equal architectures .* have unequal graphs")
class RestlessGraph(Good):
    calls = iter(range(10**9))

    def graph(self, bits):
        return (CellGraph(str(next(self.calls)), ("in", "out"), ()),)


@breaks("the space cannot be pickled, so it cannot go to worker processes")
class Unpicklable(Good):
    def __reduce__(self):
        raise TypeError("cannot pickle a lock")


@breaks("the space is .* once it was pickled")
class ForgetsItsSettings(Good):
    def __init__(self, width=5):
        object.__setattr__(self, "width", width)

    def __reduce__(self):
        return (type(self), (4,))


@breaks("the space draws other samples once it was pickled")
class DrawsOtherwise(Good):
    fresh = True

    def __reduce__(self):
        return (_tired, (type(self),))

    def sample(self, rng):
        return super().sample(rng) if self.fresh else super().sample(random.Random(99))


def _tired(kind):
    made = kind()
    object.__setattr__(made, "fresh", False)
    return made


class LocalBits(str):
    """Cannot travel."""

    __slots__ = ()

    def __reduce__(self):
        raise TypeError("cannot pickle this")


@breaks("an architecture cannot be pickled")
class UnpicklableArchitecture(Good):
    def sample(self, rng):
        return LocalBits(super().sample(rng))


@breaks("building .* moves the global random state of torch")
class GlobalSeed(Good):
    def build(self, bits, *, classes, seed, flavour="default"):
        torch.manual_seed(seed)
        return super().build(bits, classes=classes, seed=seed, flavour=flavour)


@breaks("building .* moves the global default dtype of torch")
class GlobalDtype(Good):
    def made(self, depth, classes):
        torch.set_default_dtype(torch.float64)
        return super().made(depth, classes)


@breaks("building .* moves the global gradient mode of torch")
class GlobalGradients(Good):
    def made(self, depth, classes):
        torch.set_grad_enabled(False)
        return super().made(depth, classes)


@breaks("build gives a function, not a torch.nn.Module")
class BuildsAFunction(Good):
    def made(self, depth, classes):
        return lambda images: images


@breaks("weights of .* do not follow the seed")
class WeightsOfTheirOwn(Good):
    calls = iter(range(10**9))

    def build(self, bits, *, classes, seed, flavour="default"):
        return super().build(bits, classes=classes, seed=next(self.calls), flavour=flavour)


@breaks("weights of .* ignore the seed")
class OneSeed(Good):
    def build(self, bits, *, classes, seed, flavour="default"):
        return super().build(bits, classes=classes, seed=0, flavour=flavour)


@breaks("the network of .* returns no logits: The model must return logits")
class Maps(Good):
    def made(self, depth, classes):
        return nn.Conv2d(3, classes, 1)


@breaks("the network of .* returns logits that are not finite")
class Infinite(Good):
    def made(self, depth, classes):
        network = super().made(depth, classes)
        nn.init.constant_(network.net[-1].bias, float("inf"))
        return network


@breaks(r"logits of .* have shape \(4, 10\), not \(4, 7\)")
class AlwaysTen(Good):
    def made(self, depth, classes):
        return super().made(depth, 10)


@breaks("the network of .* has nothing to train")
class Frozen(Good):
    def made(self, depth, classes):
        return super().made(depth, classes).requires_grad_(False)


class Detached(Net):
    def forward(self, x):
        return super().forward(x).detach()


@breaks("the logits of .* depend on no parameter")
class Cut(Good):
    def made(self, depth, classes):
        return Detached(depth, self.width, classes)


class Silent(Net):
    def forward(self, x):
        return 0 * super().forward(x)


@breaks("no gradient reaches a parameter of")
class NoGradient(Good):
    def made(self, depth, classes):
        return Silent(depth, self.width, classes)


class Root(Net):
    def forward(self, x):
        return (super().forward(x) * 0).abs().sqrt()


@breaks("gradients of .* are not finite")
class InfiniteGradient(Good):
    def made(self, depth, classes):
        return Root(depth, self.width, classes)


@breaks(r"logits of the flavour twice have shape \(4, 8\)")
class OtherLogitsOfAFlavour(Good):
    def build(self, bits, *, classes, seed, flavour="default"):
        return super().build(bits, classes=classes + (flavour == "twice"), seed=seed, flavour=flavour)


@breaks("build takes a flavour that the space does not name")
class AnyFlavour(Good):
    def build(self, bits, *, classes, seed, flavour="default"):
        return super().build(bits, classes=classes, seed=seed, flavour="default")


@breaks("exporting .* moves the global random state of random")
class RestlessExport(Good):
    def export(self, bits, *, classes):
        random.random()
        return super().export(bits, classes=classes)


@breaks("the export of .* imports croze, and may need nothing but torch")
class NeedsCroze(Good):
    def export(self, bits, *, classes):
        return super().export(bits, classes=classes) + "\nimport croze.errors\n"


@breaks("the export of .* imports numpy, and may need nothing but torch")
class NeedsNumPy(Good):
    def export(self, bits, *, classes):
        return super().export(bits, classes=classes) + "\nfrom numpy import array\n"


@breaks(r"the export of .* has no function build\(\)")
class NoBuild(Good):
    def export(self, bits, *, classes):
        return super().export(bits, classes=classes).replace("def build", "def make")


@breaks("the export of .* has parameters of other names")
class OtherNames(Good):
    def export(self, bits, *, classes):
        return super().export(bits, classes=classes).replace("self.net", "self.layers")


@breaks("the exported network of .* computes something else")
class OtherNetwork(Good):
    def export(self, bits, *, classes):
        return super().export(bits, classes=classes).replace("return self.net(x)", "return 2 * self.net(x)")


@breaks(
    "is the canonical form of .*, but the network has .* connected parameters, not .*: they are not the same"
)
class OneClassForAll(Good):
    def canonical(self, bits):
        return "000000"


@pytest.fixture(autouse=True)
def torch_as_it_was():
    state, dtype = torch.get_rng_state(), torch.get_default_dtype()
    of_random, of_numpy = random.getstate(), np.random.get_state()
    yield
    torch.set_rng_state(state)
    torch.set_default_dtype(dtype)
    torch.set_grad_enabled(True)
    random.setstate(of_random)
    np.random.set_state(of_numpy)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_space_fails_by_what_is_broken(name):
    kind, message = BROKEN[name]
    with pytest.raises(AssertionError, match=message):
        check_space(kind())


class Published(OneClassForAll):
    name = "nasbench201"


def test_classes_of_a_published_table_may_differ_in_size():
    check_space(Published())
