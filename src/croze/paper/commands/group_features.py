"""Feature consistency of the members of groups, from the pool they were trained in."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from croze.cli.progress import Bar
from croze.paper.commands.pool_scores import test_images
from croze.paper.feature_consistency import FeatureConsistency, Settings
from croze.paper.member_features import member_features
from croze.paper.top_and_bottom import Group
from croze.pool import read_pool


def features_of_groups(
    folder: str, groups: Sequence[Group], count: int, terminal: Console
) -> dict[str, dict[str, list[FeatureConsistency]]]:
    """By proxy and group, of every member.

    Raises:
        CrozeError: when the pool cannot be read, or has no test images that can be found.
    """
    pool = read_pool(folder)
    images = test_images(pool, None, count)
    members = {member.architecture: member for member in pool.members}
    wanted = list(dict.fromkeys(name for group in groups for name in group.architectures))
    known = {}
    with Bar(terminal, "features", len(wanted) * len(images)) as bar:
        for number, name in enumerate(wanted):

            def watch(done: int, before: int = number * len(images)) -> None:
                bar.update(before + done)

            known[name] = member_features(members[name], images, Settings(), watch)
    found: dict[str, dict[str, list[FeatureConsistency]]] = {}
    for group in groups:
        found.setdefault(group.proxy, {})[group.name] = [known[name] for name in group.architectures]
    return found
