"""Listing and reading a source, whatever it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from ingest.sources.protocols import protocol_named


@dataclass(frozen=True)
class Listed:
    """A file as its source tells of it.

    Attributes:
        path: below the source's location, with forward slashes.
        mark: changes when the file changes; empty when the source tells nothing that could.
        content_mark: the same for the same content wherever it is; empty when the source has no such thing.
    """

    path: str
    size_bytes: int | None
    mark: str
    content_mark: str = ""
    modified: str = ""


class Reach(Protocol):
    """A place that can be listed and read. Both raise SourceUnreachableError in words for a person."""

    def walk(self) -> Iterator[Listed]:
        """Every file below the location. A part that cannot be listed fails the whole."""

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        """Read one of them."""


def reach(protocol: str, location: str, options: Mapping[str, str]) -> Reach:
    """Make ready to list and read; the libraries are loaded here and not before.

    Raises:
        InvalidInputError: the options do not fit, the library is missing, or the place is not allowed.
    """
    if protocol == "file":
        from ingest.sources.folder_reach import FolderReach

        return FolderReach(location)
    from ingest.sources.network_reach import network_reach

    return network_reach(protocol, protocol_named(protocol), location, options)
