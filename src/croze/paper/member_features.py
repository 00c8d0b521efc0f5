"""Feature consistency of a pool's members, kept in their folders once it is known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress

from croze.data import Dataset
from croze.files import to_json, write_text
from croze.paper.feature_consistency import FeatureConsistency, Settings, feature_consistency
from croze.pool import Member
from croze.robustness.evaluate import digest_of_weights
from croze.training.folder import identity, load_trained


def member_features(
    member: Member,
    dataset: Dataset,
    settings: Settings,
    watch: Callable[[int], None] = lambda done: None,
) -> FeatureConsistency:
    """As `feature_consistency` of the member's model; kept for the same weights, images and settings.

    Raises:
        CrozeError: as `load_trained` and `feature_consistency`.
    """
    model, _ = load_trained(member.folder)
    key = json.dumps([digest_of_weights(model), identity(dataset), vars(settings)], sort_keys=True)
    path = member.folder / f"features-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
    with suppress(OSError, ValueError, TypeError):  # a broken file is made anew
        content = json.loads(path.read_text(encoding="utf-8"))
        return FeatureConsistency(**{**content, "settings": settings})
    found = feature_consistency(model, dataset, settings, watch)
    write_text(path, to_json({**vars(found), "settings": vars(settings)}))
    return found
