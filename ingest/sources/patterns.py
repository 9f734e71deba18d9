"""Which files of a source are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase


def is_wanted(path: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    """Letter case aside. A pattern without a slash is held against the file's name, else against the path.

    Excluding wins; with nothing to include everything is.
    """
    return (not include or _any(path, include)) and not _any(path, exclude)


def _any(path: str, patterns: Sequence[str]) -> bool:
    whole = path.casefold()
    name = whole.rpartition("/")[2]
    return any(
        fnmatchcase(whole if "/" in pattern else name, pattern.casefold().removeprefix("/"))
        for pattern in patterns
    )
