"""Files and folders on this machine as uploads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kb.accounts.models import User
from kb.exceptions import InvalidInputError
from kb.library.access import collections_for
from kb.library.models import Collection, Role
from kb.library.services import create_collection


@dataclass(frozen=True)
class FoundFile:
    """A file and the external id that it gets: its path relative to the folder that was named."""

    path: Path
    external_id: str


def find_files(paths: Iterable[Path]) -> Iterator[FoundFile]:
    """Every file, folders walked in order, without hidden ones and links that lead out of the folder.

    Raises:
        InvalidInputError: a path does not exist.
    """
    for path in paths:
        if path.is_file():
            yield FoundFile(path, path.name)
        elif path.is_dir():
            yield from _walk(path.resolve())
        else:
            raise InvalidInputError(f"There is no file or folder {path}.")


def _walk(folder: Path) -> Iterator[FoundFile]:
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if any(part.startswith(".") for part in relative.parts) or not path.is_file():
            continue
        if path.resolve().is_relative_to(folder):
            yield FoundFile(path, relative.as_posix())


def collection_to_fill(user: User, name: str) -> Collection:
    """The collection of this name or slug in which the user may write, made if there is none."""
    writable = collections_for(user, Role.EDITOR)
    found = writable.filter(slug=name).first() or writable.filter(name__iexact=name).first()
    return found or create_collection(user, name)
