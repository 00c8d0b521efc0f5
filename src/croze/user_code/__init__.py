"""Python files of a user: run under their own names, and known by what stands in them."""

from __future__ import annotations

from croze.user_code.load import call, find_module, import_file, reason, run_file
from croze.user_code.sources import digest_of, file_of, local_modules, user_modules

__all__ = [
    "call",
    "digest_of",
    "file_of",
    "find_module",
    "import_file",
    "local_modules",
    "reason",
    "run_file",
    "user_modules",
]
