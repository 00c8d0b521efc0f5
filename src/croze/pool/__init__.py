"""A pool in its folder: what it is of, its members, what each came to. Needs no network."""

from croze.pool.design import POOL, Design, read_design
from croze.pool.folder import Member, Pool, read_pool
from croze.pool.member import RESULT, MemberResult, folder_of_member, read_result

__all__ = [
    "POOL",
    "RESULT",
    "Design",
    "Member",
    "MemberResult",
    "Pool",
    "folder_of_member",
    "read_design",
    "read_pool",
    "read_result",
]
