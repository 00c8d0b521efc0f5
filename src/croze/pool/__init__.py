"""Many architectures of a space, trained and evaluated the same way: ground truth of one's own."""

from croze.pool.folder import (
    POOL,
    RESULT,
    Design,
    MemberResult,
    folder_of_member,
    read_design,
    read_result,
)
from croze.pool.pool import Member, Pool

__all__ = [
    "POOL",
    "RESULT",
    "Design",
    "Member",
    "MemberResult",
    "Pool",
    "folder_of_member",
    "read_design",
    "read_result",
]
