"""A pool as it lies in its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from croze.errors import CrozeError
from croze.pool.design import Design, read_design
from croze.pool.member import MemberResult, folder_of_member, read_result


@dataclass(frozen=True)
class Member:
    """A trained member: `croze.training.folder.load_trained(member.folder)` gives its model.

    Attributes:
        architecture: in the notation of the space.
        folder: of its training.
        result: its accuracies.
    """

    architecture: str
    folder: Path
    result: MemberResult


@dataclass(frozen=True)
class Pool:
    """What of a pool is done.

    Attributes:
        folder: where it lies.
        design: what it is of.
        members: trained and evaluated, in the order of the design.
        failures: reasons by architecture, of those whose training failed.
    """

    folder: Path
    design: Design
    members: tuple[Member, ...]
    failures: dict[str, str]


def read_pool(folder: str | Path) -> Pool:
    """The pool in a folder, as far as it is done.

    Raises:
        CrozeError: when there is none, a result cannot be read, or nothing is done yet.
    """
    folder = Path(folder)
    design = read_design(folder)
    members = []
    failures = {}
    for number, architecture in enumerate(design.architectures):
        place = folder_of_member(folder, number)
        result = read_result(place, architecture)
        if result is not None and result.failed:
            failures[architecture] = result.failed
        elif result is not None:
            members.append(Member(architecture, place, result))
    if not members and failures:
        first = next(iter(failures.values()))
        raise CrozeError(f"All {len(failures)} members of the pool in {folder} failed, the first: {first}")
    if not members:
        raise CrozeError(f"No member of the pool in {folder} is done yet: run its command again.")
    return Pool(folder, design, tuple(members), failures)
